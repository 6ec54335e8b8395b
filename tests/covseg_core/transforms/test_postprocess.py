from __future__ import annotations

import numpy as np
import pytest

from covseg_core.transforms.postprocess import classes_of, drop_islands


def test_a_pixel_is_infected_where_all_classes_together_exceed_the_threshold():
    opacity = np.array([0.3, 0.3, 0.1, 0.5], np.float32)
    consolidation = np.array([0.1, 0.3, 0.6, 0.0], np.float32)
    probabilities = np.stack([opacity, consolidation])[:, None, :]
    np.testing.assert_array_equal(classes_of(probabilities, 0.5), [[0, 1, 2, 0]])


def test_classes_keep_the_slices_and_are_uint8():
    probabilities = np.zeros((5, 2, 3, 4), np.float32)
    probabilities[2, 1, 0, 3] = 0.9
    labels = classes_of(probabilities, 0.5)
    assert labels.shape == (5, 3, 4)
    assert labels.dtype == np.uint8
    assert labels[2, 0, 3] == 2
    assert labels.sum() == 2


def test_one_channel_gives_one_class():
    np.testing.assert_array_equal(
        classes_of(np.array([[[0.2, 0.8]]], np.float32), 0.5), [[0, 1]]
    )


@pytest.fixture
def islands():
    """Islands of 8 and 3 voxels; the small one has both classes."""
    labels = np.zeros((4, 6, 6), np.uint8)
    labels[:2, :2, :2] = 1
    labels[3, 4, 3:5], labels[3, 4, 5] = 1, 2
    return labels


@pytest.mark.parametrize(
    ("smallest_ml", "left"), [(0.0, 11), (0.3, 11), (0.31, 8), (0.8, 8), (0.81, 0)]
)
def test_islands_go_by_their_volume_in_ml(islands, smallest_ml, left):
    kept = drop_islands(islands, smallest_ml, voxel_ml=0.1)
    assert np.count_nonzero(kept) == left
    assert set(np.unique(kept)) <= {0, 1, 2}


def test_what_stays_keeps_its_classes_and_the_input_stays_what_it_was(islands):
    before = islands.copy()
    np.testing.assert_array_equal(drop_islands(islands, 0.1, 0.1), before)
    drop_islands(islands, 100.0, 0.1)
    np.testing.assert_array_equal(islands, before)


@pytest.mark.parametrize(
    ("smallest_ml", "left"), [(0.0, 3), (0.1, 3), (0.2, 3), (0.21, 0)]
)
def test_only_counted_voxels_make_an_island_large(islands, smallest_ml, left):
    counted = np.zeros(islands.shape, bool)
    counted[3, 4, 4:] = True  # two voxels of the small island
    counted[1, 5, 0] = True  # and one that belongs to none
    kept = drop_islands(islands, smallest_ml, 0.1, counted)
    assert np.count_nonzero(kept) == left


@pytest.mark.parametrize(("counts", "stays"), [(3, False), (4, True)])
def test_an_island_goes_that_hardly_counts_anywhere(counts, stays):
    labels = np.zeros((2, 20, 10), np.uint8)
    labels[:] = 1
    counted = np.zeros(labels.shape, bool)
    counted[0, 3, :counts] = True
    assert drop_islands(labels, 0.0, 1.0, counted).any() == stays


def test_voxels_that_touch_by_a_corner_are_one_island():
    labels = np.zeros((2, 2, 2), np.uint8)
    labels[0, 0, 0] = labels[1, 1, 1] = 1
    assert np.count_nonzero(drop_islands(labels, 2.0, 1.0)) == 2


def test_an_empty_mask_stays_empty_and_is_copied():
    labels = np.zeros((2, 3, 4), np.uint8)
    kept = drop_islands(labels, 1.0, 1.0)
    assert not kept.any()
    assert not np.shares_memory(kept, labels)
