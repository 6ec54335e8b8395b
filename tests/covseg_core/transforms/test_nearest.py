from __future__ import annotations

import numpy as np

from covseg_core.transforms.nearest import find_nearest


def filled_by(labels, where, spacing_mm_zyx):
    return find_nearest(labels > 0, where, spacing_mm_zyx).fill(labels)


def test_voxels_of_the_region_take_the_nearest_label_and_the_others_stay():
    labels = np.array([[[1, 0, 0, 0, 0, 2]]], np.uint8)
    where = np.array([[[True, True, True, False, True, False]]])
    filled = filled_by(labels, where, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(filled, [[[1, 1, 1, 0, 2, 2]]])
    np.testing.assert_array_equal(labels, [[[1, 0, 0, 0, 0, 2]]])


def test_near_means_near_in_mm():
    labels = np.zeros((1, 4, 4), np.uint8)
    labels[0, 0, 3], labels[0, 3, 0] = 1, 2
    where = np.zeros(labels.shape, bool)
    where[0, 0, 0] = True
    assert filled_by(labels, where, (1.0, 5.0, 1.0))[0, 0, 0] == 1
    assert filled_by(labels, where, (1.0, 1.0, 5.0))[0, 0, 0] == 2


def test_a_region_that_is_labelled_already_is_left_as_it_is():
    labels = np.array([[[1, 2, 0]]], np.uint8)
    filled = filled_by(labels, labels > 0, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(filled, labels)
    assert not np.shares_memory(filled, labels)
