from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import NOT_INFECTED, UNKNOWN_CLASS, UNLABELLED, Tissue
from covseg_core.training.data import (
    join,
    lesions_of,
    slice_of_image,
    slices_of_volume,
    tissue_mask,
)
from covseg_core.transforms.prepare import Prepare
from covseg_core.transforms.slices import window_slices
from covseg_core.volume import Grid, LesionMask

PREPARE = Prepare(size=64)


def of_blocks(blocks, prepare=PREPARE):
    return slices_of_volume(blocks.ct, blocks.lesions, blocks.lungs, prepare)


def test_a_volume_is_cut_to_its_lungs_as_for_prediction(blocks):
    slices = of_blocks(blocks)
    assert len(slices) == 10
    assert slices.pixels.shape == (10, 1, 64, 64)
    assert slices.pixels.dtype == torch.float16
    assert slices.labels.shape == (10, 64, 64)
    assert slices.labels.dtype == torch.uint8
    shown = window_slices(blocks.ct.hu[5:15, 12:40, 14:92], PREPARE, is_hu=True)
    torch.testing.assert_close(slices.pixels.float(), shown, rtol=0, atol=1e-3)


def test_labels_stay_under_their_pixels(blocks):
    slices = of_blocks(blocks)
    grey = slices.pixels[:, 0].float()
    # Healthy lung at -850 HU is 1/3, opacity at -550 HU is 0.53.
    opacity = grey[slices.labels == 1]
    assert (opacity - 0.533).abs().median() < 0.01
    assert set(slices.labels.unique().tolist()) == {0, 1, 2}
    share = (slices.labels == 1).float().mean().item()
    assert share == pytest.approx(5 * 10 * 10 / (10 * 28 * 78), rel=0.1)


def test_the_order_of_voxels_on_disk_changes_nothing(blocks, stored):
    expected = of_blocks(blocks)
    turned = (
        stored(each, (2, 0, 1), (True, False, True))
        for each in (blocks.ct, blocks.lesions, blocks.lungs)
    )
    slices = slices_of_volume(*turned, PREPARE)
    assert torch.equal(slices.pixels, expected.pixels)
    assert torch.equal(slices.labels, expected.labels)
    assert torch.equal(slices.weights, expected.weights)


def test_a_model_that_needs_no_crop_is_trained_on_whole_slices(blocks):
    slices = of_blocks(blocks, Prepare(size=64, crop="none"))
    assert len(slices) == 20
    assert (slices.pixels[0, 0, :4].float() < 0.25).all()


def test_infected_slices_are_drawn_as_often_as_the_others(blocks):
    slices = of_blocks(blocks)
    infected = slices.labels.flatten(1).bool().any(1)
    assert infected.sum() == 5
    assert slices.weights[infected].sum() == pytest.approx(5)
    assert slices.weights[~infected].sum() == pytest.approx(5)


@pytest.mark.parametrize(("infected", "weight"), [(0, 2 / 3), (10, 2 / 3), (3, 5 / 3)])
def test_weights_of_rare_slices_are_bounded(blocks, infected, weight):
    lesions = np.zeros_like(blocks.lesions.labels)
    lesions[5 : 5 + infected, 20, 25] = lesions[5 : 5 + infected, 19:23, 24:28] = 1
    slices = slices_of_volume(
        blocks.ct, replace(blocks.lesions, labels=lesions), blocks.lungs, PREPARE
    )
    assert slices.weights[0].item() == pytest.approx(weight)


def test_unknown_class_survives(blocks):
    labels = np.where(blocks.lesions.labels > 0, UNKNOWN_CLASS, 0).astype(np.uint8)
    slices = slices_of_volume(
        blocks.ct, replace(blocks.lesions, labels=labels), blocks.lungs, PREPARE
    )
    assert set(slices.labels.unique().tolist()) == {0, UNKNOWN_CLASS}


def test_a_picture_is_taken_whole_and_in_grey_levels():
    grey = np.full((153, 201), 51, np.uint8)
    labels = np.zeros((153, 201), np.uint8)
    grey[:70, :100], labels[:70, :100] = 204, UNKNOWN_CLASS
    slices = slice_of_image(grey, labels, PREPARE)
    assert len(slices) == 1
    assert slices.labels[0, 10, 10] == UNKNOWN_CLASS
    assert slices.pixels[0, 0, 10, 10].item() == pytest.approx(0.8, abs=1e-3)
    assert slices.pixels[0, 0, 50, 50].item() == pytest.approx(0.2, abs=1e-3)


def test_labels_of_another_size_are_refused_and_not_stretched():
    with pytest.raises(GeometryError, match=r"\(8, 9\) pixels and its labels \(9, 8\)"):
        slice_of_image(np.zeros((8, 9), np.uint8), np.zeros((9, 8), np.uint8), PREPARE)


def test_masks_on_another_grid_and_empty_lungs_are_refused(blocks):
    moved = Grid.from_spacing(blocks.ct.grid.shape, blocks.ct.grid.spacing_mm_zyx)
    lungs, lesions = blocks.lungs, blocks.lesions
    for masks in (
        (replace(lesions, grid=moved), lungs),
        (lesions, replace(lungs, grid=moved)),
    ):
        with pytest.raises(GeometryError, match="does not lie on the CT"):
            slices_of_volume(blocks.ct, *masks, PREPARE)
    empty = replace(lungs, labels=np.zeros_like(lungs.labels))
    with pytest.raises(InputRefusedError, match="the lung mask is empty"):
        slices_of_volume(blocks.ct, lesions, empty, PREPARE)


def test_sources_are_joined_in_order(blocks):
    volume = of_blocks(blocks)
    picture = slice_of_image(
        np.full((64, 64), 255, np.uint8), np.zeros((64, 64), np.uint8), PREPARE
    )
    both = join([volume, picture])
    assert len(both) == 11
    assert torch.equal(both.pixels[:10], volume.pixels)
    assert (both.pixels[10] == 1).all()
    assert both.weights.shape == (11,)


def test_tissues_tell_as_much_as_is_known(blocks):
    lesions, lungs, grid = blocks.lesions, blocks.lungs, blocks.ct.grid
    inside = lungs.labels > 0
    infected = lesions.labels > 0

    both = tissue_mask(lesions, lungs, grid).labels
    assert np.array_equal(both[infected], lesions.labels[infected])
    assert (both[inside & ~infected] == Tissue.HEALTHY).all()
    assert (both[~inside & ~infected] == Tissue.OUTSIDE).all()

    no_lungs = tissue_mask(lesions, None, grid).labels
    assert np.array_equal(no_lungs[infected], lesions.labels[infected])
    assert (no_lungs[~infected] == NOT_INFECTED).all()

    no_lesions = tissue_mask(None, lungs, grid).labels
    assert (no_lesions[inside] == UNLABELLED).all()
    assert (no_lesions[~inside] == Tissue.OUTSIDE).all()

    assert (tissue_mask(None, None, grid).labels == UNLABELLED).all()


def test_the_scan_of_a_healthy_person_is_labelled_for_free(blocks):
    empty = LesionMask(np.zeros(blocks.ct.grid.shape, np.uint8), blocks.ct.grid)
    labels = tissue_mask(empty, blocks.lungs, blocks.ct.grid).labels
    assert np.array_equal(labels == Tissue.HEALTHY, blocks.lungs.labels > 0)


def test_only_lesions_are_left_of_tissues():
    codes = torch.tensor([0, 1, 2, 3, NOT_INFECTED, UNLABELLED, UNKNOWN_CLASS])
    assert lesions_of(codes).tolist() == [0, 1, 2, 0, 0, 0, UNKNOWN_CLASS]
