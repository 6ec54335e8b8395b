from __future__ import annotations

import numpy as np
import pytest
import torch

from covseg_core.transforms.prepare import Prepare
from covseg_core.transforms.slices import (
    normalise,
    resize,
    restore_slices,
    window_slices,
)

PREPARE = Prepare(size=64)


def test_the_window_goes_from_black_to_white_and_saturates():
    hu = np.array([-3000, -1350, -600, 150, 3000], np.float32)
    slices = np.broadcast_to(hu[:, None, None], (5, 64, 64))
    grey = window_slices(slices, PREPARE, is_hu=True)
    assert grey.shape == (5, 1, 64, 64)
    assert grey.dtype == torch.float32
    np.testing.assert_allclose(grey[:, 0, 3, 5], [0, 0, 0.5, 1, 1], atol=1e-6)


def test_grey_levels_ignore_the_window_in_hu():
    levels = np.array([0, 51, 255], np.uint8)[:, None, None]
    grey = window_slices(
        np.broadcast_to(levels, (3, 64, 64)), Prepare(size=64), is_hu=False
    )
    np.testing.assert_allclose(grey[:, 0, 0, 0], [0, 0.2, 1], atol=1e-6)


def test_normalising_gives_three_channels_by_mean_and_deviation():
    prepare = Prepare(size=32, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.2))
    seen = normalise(torch.full((2, 1, 32, 32), 0.5), prepare)
    assert seen.shape == (2, 3, 32, 32)
    np.testing.assert_allclose(seen[1, :, 7, 9], [0.8, 1.2, 1.0], rtol=1e-6)


def test_slices_of_any_layout_in_memory_are_taken_and_left_alone():
    hu = np.full((4, 64, 64), 400, np.float32)
    read_only = hu[:2]
    read_only.setflags(write=False)
    for view in (read_only, hu[::-1], hu[..., ::-1], hu.transpose(0, 2, 1)):
        grey = window_slices(view, PREPARE, is_hu=True)
        grey.zero_()
    assert (hu == 400).all()


@pytest.mark.parametrize("shape", [(64, 64), (153, 201), (40, 300), (512, 480)])
def test_a_blob_keeps_its_place_there_and_back(shape):
    rows, columns = np.indices(shape)
    centre = np.array([0.62 * shape[0], 0.31 * shape[1]])
    width = np.array(shape) / 8
    blob = np.exp(
        -(((rows - centre[0]) / width[0]) ** 2)
        - ((columns - centre[1]) / width[1]) ** 2
    )
    hu = (-1350 + 1500 * blob[None]).astype(np.float32)
    seen = window_slices(hu, PREPARE, is_hu=True)
    back = restore_slices(seen, shape)[0, 0]
    found = [(axis * back).sum() / back.sum() for axis in (rows, columns)]
    was = [(axis * blob).sum() / blob.sum() for axis in (rows, columns)]
    np.testing.assert_allclose(found, was, atol=0.5)
    assert back.shape == shape
    assert np.abs(back - blob).max() < 0.1


def test_restored_probabilities_are_float32_in_the_unit_interval():
    answer = torch.tensor([-1e-6, 0.5, 1 + 1e-6]).double().view(1, 3, 1, 1)
    restored = restore_slices(answer.expand(1, 3, 32, 32), (17, 45))
    assert restored.shape == (1, 3, 17, 45)
    assert restored.dtype == np.float32
    assert restored.min() == 0.0
    assert restored.max() == 1.0


def test_fine_stripes_are_averaged_and_not_aliased_when_a_slice_shrinks():
    stripes = np.indices((192, 192))[1] % 2 * 255.0
    grey = window_slices(stripes[None].astype(np.float32), PREPARE, is_hu=False)
    # A triangle over three pixels weighs the stripes 4 : 5; a lone pixel is 0 or 1.
    np.testing.assert_allclose(grey[..., 4:-4, 4:-4], 0.5, atol=0.06)


@pytest.mark.parametrize("edge", [16, 64, 112])
def test_the_borders_of_a_slice_are_borders_of_what_the_network_sees(edge):
    """An edge that the two grids share stays between its two pixels."""
    grey = np.zeros((1, 128, 128), np.uint8)
    grey[..., :edge] = 255
    seen = window_slices(grey, PREPARE, is_hu=False)
    np.testing.assert_allclose(seen.sum(dim=3), edge / 2, atol=1e-3)


def test_resizing_to_the_same_size_is_a_copy():
    pixels = torch.rand(1, 1, 32, 48)
    same = resize(pixels, (32, 48))
    torch.testing.assert_close(same, pixels, rtol=0, atol=0)
    assert same.data_ptr() != pixels.data_ptr()
