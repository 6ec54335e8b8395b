from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.islands import fill_holes, remove_islands

VOXEL_ML = 0.1


def two_islands():
    """Opacity of 8 and of 2 voxels, the small one continued by consolidation."""
    labels = np.zeros((4, 8, 8), np.uint8)
    labels[:2, :2, :2] = 1
    labels[3, 4, 4:6] = 1
    labels[3, 4, 6:8] = 2
    return labels


class TestIslands:
    @pytest.mark.parametrize(
        ("smaller_than_ml", "left"), [(0.2, 10), (0.21, 8), (0.8, 8), (0.81, 0)]
    )
    def test_islands_go_by_the_volume_of_their_own_class(self, smaller_than_ml, left):
        kept = remove_islands(two_islands(), 1, smaller_than_ml, VOXEL_ML)
        assert np.count_nonzero(kept == 1) == left
        assert np.count_nonzero(kept == 2) == 2

    def test_voxels_that_touch_by_a_corner_are_one_island(self):
        labels = np.zeros((2, 2, 2), np.uint8)
        labels[0, 0, 0] = labels[1, 1, 1] = 1
        assert np.count_nonzero(remove_islands(labels, 1, 0.2, VOXEL_ML)) == 2

    def test_another_class_does_not_connect_islands(self):
        labels = np.array([[[1, 2, 1]]], np.uint8)
        kept = remove_islands(labels, 1, 0.2, VOXEL_ML)
        np.testing.assert_array_equal(kept, [[[0, 2, 0]]])

    def test_the_mask_that_was_given_stays_what_it_was(self):
        labels = two_islands()
        remove_islands(labels, 1, 100, VOXEL_ML)
        np.testing.assert_array_equal(labels, two_islands())

    def test_an_empty_class_gives_a_copy(self):
        labels = two_islands()
        kept = remove_islands(labels, 7, 100, VOXEL_ML)
        np.testing.assert_array_equal(kept, labels)
        assert not np.shares_memory(kept, labels)


def ring(slices=3):
    """A square of 5 x 5 pixels on each slice with a hole of 3 x 3."""
    labels = np.zeros((slices, 7, 7), np.uint8)
    labels[:, 1:6, 1:6] = 1
    labels[:, 2:5, 2:5] = 0
    return labels


class TestHoles:
    def test_hole_in_a_slice_is_filled_although_it_is_a_tunnel(self):
        filled = fill_holes(ring(), 1, 1.0, VOXEL_ML)
        assert (filled[:, 1:6, 1:6] == 1).all()
        assert np.count_nonzero(filled) == 75

    def test_a_tunnel_is_no_hole_in_3d(self):
        filled = fill_holes(ring(), 1, 100, VOXEL_ML, in_each_slice=False)
        np.testing.assert_array_equal(filled, ring())

    def test_hole_enclosed_from_all_sides_is_filled_in_3d(self):
        labels = ring()
        labels[[0, 2], 2:5, 2:5] = 1
        filled = fill_holes(labels, 1, 1.0, VOXEL_ML, in_each_slice=False)
        assert np.count_nonzero(filled) == 75

    @pytest.mark.parametrize(("smaller_than_ml", "painted"), [(0.9, 0), (0.91, 9)])
    def test_holes_are_filled_by_their_volume(self, smaller_than_ml, painted):
        filled = fill_holes(ring(1), 1, smaller_than_ml, VOXEL_ML)
        assert np.count_nonzero(filled) == 16 + painted

    def test_hole_that_opens_at_the_border_of_the_scan_stays(self):
        labels = ring(1)[:, 2:, :]
        np.testing.assert_array_equal(fill_holes(labels, 1, 9, VOXEL_ML), labels)

    def test_outline_that_is_closed_by_corners_only_encloses(self):
        labels = np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 0]]], np.uint8)
        filled = fill_holes(labels, 1, 0.2, VOXEL_ML)
        np.testing.assert_array_equal(filled, [[[0, 1, 0], [1, 1, 1], [0, 1, 0]]])

    def test_another_class_in_a_hole_stays_and_does_not_count(self):
        labels = ring(1)
        labels[0, 3, 2:5] = 2
        filled = fill_holes(labels, 1, 0.61, VOXEL_ML)
        assert np.count_nonzero(filled == 1) == 16 + 6
        np.testing.assert_array_equal(filled[0, 3, 2:5], 2)

    def test_gap_between_two_classes_belongs_to_neither(self):
        labels = np.zeros((1, 5, 5), np.uint8)
        labels[0, 1:4, 1:4] = 1
        labels[0, 1:4, 3] = 2
        labels[0, 2, 2] = 0
        for value in (1, 2):
            np.testing.assert_array_equal(
                fill_holes(labels, value, 9, VOXEL_ML), labels
            )

    def test_an_empty_class_gives_a_copy(self):
        labels = ring()
        filled = fill_holes(labels, 2, 9, VOXEL_ML)
        np.testing.assert_array_equal(filled, labels)
        assert not np.shares_memory(filled, labels)
