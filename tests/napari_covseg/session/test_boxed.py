from __future__ import annotations

import numpy as np
import pytest

from napari_covseg._session.boxed import BoxedImage

BOX = np.s_[1:4, 2:5, 0:6]
INDICES = [
    np.s_[2],
    np.s_[0],
    np.s_[2, :, :],
    np.s_[:, 3, :],
    np.s_[:, :, 5],
    np.s_[:, :, 7],
    np.s_[2, 3, 4],
    np.s_[0, 0, 0],
    np.s_[::2, 1:6:2, ::-1],
    np.s_[..., 3],
    np.s_[...],
    np.s_[1:3],
    np.s_[-1],
    np.s_[-3, :, :],
    (np.int64(2), slice(None), slice(1, 4)),
]


@pytest.fixture
def images():
    around = np.arange(5 * 6 * 8, dtype=np.float32).reshape(5, 6, 8)
    inside = -np.arange(3 * 3 * 6, dtype=np.float32).reshape(3, 3, 6) - 1
    whole = around.copy()
    whole[BOX] = inside
    return BoxedImage(around, inside, BOX), whole, around


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_any_part_is_that_of_the_whole_image(images, index):
    boxed, whole, _ = images
    np.testing.assert_array_equal(boxed[index], whole[index])
    assert boxed[index].shape == whole[index].shape


def test_it_looks_like_the_array(images):
    boxed, whole, _ = images
    np.testing.assert_array_equal(np.asarray(boxed), whole)
    assert (boxed.shape, boxed.ndim, len(boxed)) == (whole.shape, 3, 5)
    assert (boxed.dtype, boxed.size) == (whole.dtype, whole.size)


def test_the_scan_around_is_never_changed(images):
    boxed, _, around = images
    before = around.copy()
    for part in (boxed[...], boxed[2], boxed[0]):
        part += 1
    np.testing.assert_array_equal(around, before)
