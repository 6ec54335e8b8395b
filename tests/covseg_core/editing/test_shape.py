from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.shape import grow, shrink, smooth

THICK = (5.0, 1.0, 0.5)


def dot(shape=(5, 9, 9), at=(2, 4, 4)):
    labels = np.zeros(shape, np.uint8)
    labels[at] = 1
    return labels


class TestGrow:
    def test_outline_moves_by_mm_along_each_axis(self):
        grown = grow(dot(), 1, 1.0, THICK)
        # Columns are half as wide as rows, and slices too far apart.
        wanted = np.zeros((5, 9, 9), np.uint8)
        wanted[2, 4, 2:7] = 1
        wanted[2, [3, 5], 4] = 1
        np.testing.assert_array_equal(grown, wanted)

    def test_next_slice_is_reached_at_its_distance(self):
        assert not grow(dot(), 1, 4.99, THICK)[1].any()
        assert np.count_nonzero(grow(dot(), 1, 5.0, THICK)[1]) == 1

    def test_distance_is_that_of_a_ball(self):
        grown = grow(dot((9, 9, 9), (4, 4, 4)), 1, 1.5, (1.0, 1.0, 1.0))
        # The voxel, 6 faces and 12 edges; corners are sqrt(3) away.
        assert np.count_nonzero(grown) == 19

    def test_multiple_of_an_awkward_spacing_is_reached(self):
        grown = grow(dot((1, 1, 9), (0, 0, 4)), 1, 0.3, (1.0, 1.0, 0.1))
        assert np.count_nonzero(grown) == 7

    def test_other_classes_are_not_painted_over(self):
        labels = np.array([[[0, 2, 1, 0, 0]]], np.uint8)
        grown = grow(labels, 1, 1.0, (1.0, 1.0, 1.0))
        np.testing.assert_array_equal(grown, [[[0, 2, 1, 1, 0]]])

    def test_mask_at_the_corner_of_the_scan_grows_inwards(self):
        grown = grow(dot(at=(0, 0, 0)), 1, 1.0, (1.0, 1.0, 1.0))
        assert np.count_nonzero(grown) == 4

    def test_one_slice_is_enough(self):
        assert np.count_nonzero(grow(dot((1, 9, 9), (0, 4, 4)), 1, 1, (1, 1, 1))) == 5


class TestShrink:
    def test_what_grew_shrinks_back(self):
        grown = grow(dot(), 1, 2.0, (1.0, 1.0, 1.0))
        shrunk = shrink(grown, 1, 2.0, (1.0, 1.0, 1.0))
        assert shrunk[2, 4, 4] == 1
        assert np.count_nonzero(shrunk) == 1

    def test_thick_slices_do_not_shrink_from_above(self):
        labels = np.zeros((3, 7, 7), np.uint8)
        labels[1, 1:6, 1:6] = 1
        shrunk = shrink(labels, 1, 1.0, (5.0, 1.0, 1.0))
        wanted = np.zeros((3, 7, 7), np.uint8)
        wanted[1, 2:5, 2:5] = 1
        np.testing.assert_array_equal(shrunk, wanted)

    def test_border_with_another_class_and_the_end_of_the_scan_stay(self):
        labels = np.array([[[1, 1, 2, 1, 1, 0]]], np.uint8)
        shrunk = shrink(labels, 1, 1.0, (1.0, 1.0, 1.0))
        np.testing.assert_array_equal(shrunk, [[[1, 1, 2, 1, 0, 0]]])

    def test_mask_without_any_background_stays(self):
        labels = np.ones((2, 3, 4), np.uint8)
        np.testing.assert_array_equal(shrink(labels, 1, 3, (1, 1, 1)), labels)


class TestSmooth:
    def test_a_dot_vanishes_and_a_large_ball_keeps_its_volume(self):
        z, y, x = np.indices((27, 27, 27)) - 13
        labels = (z**2 + y**2 + x**2 <= 100).astype(np.uint8)
        ball = np.count_nonzero(labels)
        labels[0, 0, 26] = 1
        smoothed = smooth(labels, 1, 2.0, (1.0, 1.0, 1.0))
        assert smoothed[0, 0, 26] == 0
        # A Gaussian of sigma s moves the surface of a ball inwards by s² / radius.
        assert np.count_nonzero(smoothed) == pytest.approx(ball, rel=0.06)

    def test_straight_border_stays_and_its_bump_and_dent_go(self):
        labels = np.zeros((1, 12, 21), np.uint8)
        labels[0, :6] = 1
        labels[0, 6, 5], labels[0, 5, 15] = 1, 0
        smoothed = smooth(labels, 1, 2.0, (1.0, 1.0, 1.0))
        wanted = np.zeros((1, 12, 21), np.uint8)
        wanted[0, :6] = 1
        np.testing.assert_array_equal(smoothed, wanted)

    def test_thick_slices_are_smoothed_one_by_one(self):
        labels = np.zeros((3, 20, 20), np.uint8)
        labels[1, 5:15, 5:15] = 1
        smoothed = smooth(labels, 1, 1.5, (10.0, 1.0, 1.0))
        assert smoothed[1, 10, 10] == 1
        assert smoothed[1, 5, 5] == 0
        assert not smoothed[[0, 2]].any()

    def test_where_two_classes_meet_no_gap_opens(self):
        labels = np.zeros((1, 12, 12), np.uint8)
        labels[0, 2:10, 2:6], labels[0, 2:10, 6:10] = 1, 2
        smoothed = smooth(labels, 1, 2.0, (1.0, 1.0, 1.0))
        np.testing.assert_array_equal(smoothed == 2, labels == 2)
        assert (smoothed[0, 3:9, 5] == 1).all()
        assert smoothed[0, 2, 2] == 0

    def test_another_class_does_not_grow_the_one_that_is_smoothed(self):
        labels = np.zeros((1, 9, 12), np.uint8)
        labels[0, :, :4], labels[0, 4, 4] = 2, 0
        labels[0, 4, 3], labels[0, 0, 11] = 0, 1
        smoothed = smooth(labels, 1, 2.0, (1.0, 1.0, 1.0))
        assert not (smoothed[0, 4, 3:5] == 1).any()


@pytest.mark.parametrize("tool", [grow, shrink, smooth])
class TestEach:
    def test_the_mask_that_was_given_stays_what_it_was(self, tool):
        labels = dot()
        tool(labels, 1, 2.0, (1.0, 1.0, 1.0))
        np.testing.assert_array_equal(labels, dot())

    def test_an_empty_class_gives_a_copy(self, tool):
        labels = dot()
        result = tool(labels, 2, 2.0, (1.0, 1.0, 1.0))
        np.testing.assert_array_equal(result, labels)
        assert not np.shares_memory(result, labels)
