from __future__ import annotations

import math

import numpy as np
import pytest

from covseg_core.metrics.surface import hd95_mm, surface_dice

SPACING = (5.0, 2.0, 1.0)


def box(*spans, shape=(12, 30, 40)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(*span) for span in spans)] = True
    return mask


TRUTH = box((3, 9), (5, 20), (6, 30))


@pytest.mark.parametrize(
    ("axis", "voxels", "millimetres"), [(0, 1, 5.0), (1, 3, 6.0), (2, 4, 4.0)]
)
def test_a_shifted_box_is_as_far_as_its_shift_in_mm(axis, voxels, millimetres):
    moved = np.roll(TRUTH, voxels, axis)
    # The two faces across the shift hold far more than 5 % of the surface.
    assert hd95_mm(moved, TRUTH, SPACING) == pytest.approx(millimetres)
    assert hd95_mm(TRUTH, moved, SPACING) == pytest.approx(millimetres)


def test_a_single_far_voxel_lies_beyond_the_95th_percentile():
    predicted = TRUTH.copy()
    predicted[3, 28, 38] = True
    assert hd95_mm(predicted, TRUTH, SPACING) == 0.0


def test_two_voxels_are_apart_by_the_straight_line_between_them():
    first, second = box((1, 2), (1, 2), (1, 2)), box((2, 3), (4, 5), (9, 10))
    expected = math.sqrt((1 * 5) ** 2 + (3 * 2) ** 2 + (8 * 1) ** 2)
    assert hd95_mm(first, second, SPACING) == pytest.approx(expected, rel=1e-6)


def test_the_surface_dice_turns_at_the_tolerance():
    # Two plates one voxel thick, 2 slices of 5 mm apart.
    first, second = box((2, 3), (0, 9), (0, 9)), box((4, 5), (0, 9), (0, 9))
    assert surface_dice(first, second, SPACING, tolerance_mm=10.0) == 1.0
    assert surface_dice(first, second, SPACING, tolerance_mm=9.9) == 0.0


def test_the_surface_dice_counts_the_voxels_of_both_surfaces():
    # A row of 10 voxels and its first 4: 4 + 4 of 14 lie on the other one.
    long, short = box((0, 1), (0, 1), (0, 10)), box((0, 1), (0, 1), (0, 4))
    assert surface_dice(short, long, SPACING, 0.5) == pytest.approx(8 / 14)
    # Within 3 mm lie three more of the long row.
    assert surface_dice(short, long, SPACING, 3.0) == pytest.approx(11 / 14)


def test_pictures_have_surfaces_too():
    first, second = np.zeros((9, 9)), np.zeros((9, 9))
    first[2, :], second[5, :] = 1, 1
    assert hd95_mm(first, second, (0.5, 2.0)) == pytest.approx(1.5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_of_one_slice_is_a_picture(axis):
    disc, hole = np.zeros((2, 24, 24), bool)
    disc[2:22, 2:22] = True
    hole[6:18, 6:18] = True
    ring, steps = disc & ~hole, (0.7, 0.9)
    spacing = (*steps[:axis], 7.5, *steps[axis:])
    flat = [np.expand_dims(mask, axis) for mask in (disc, ring)]
    assert hd95_mm(*flat, spacing) == hd95_mm(disc, ring, steps) > 0
    dice = surface_dice(disc, ring, steps, 0.5)
    assert surface_dice(*flat, spacing, 0.5) == dice < 1


def test_two_empty_masks_agree_and_one_empty_mask_has_no_distance():
    nothing = np.zeros_like(TRUTH)
    assert hd95_mm(nothing, nothing, SPACING) == 0.0
    assert surface_dice(nothing, nothing, SPACING) == 1.0
    for pair in ((nothing, TRUTH), (TRUTH, nothing)):
        assert math.isnan(hd95_mm(*pair, SPACING))
        assert surface_dice(*pair, SPACING) == 0.0


def test_the_edge_of_the_volume_is_a_surface():
    whole = np.ones((4, 6, 6), bool)
    # Only the outermost voxels: filling the middle changes nothing.
    hollow = whole.copy()
    hollow[1:3, 1:5, 1:5] = False
    assert hd95_mm(whole, whole, SPACING) == 0.0
    # The wall of the hole is the shell itself, one voxel thick.
    assert surface_dice(hollow, whole, SPACING, 0.0) == 1.0


def test_a_spacing_is_needed_for_each_axis():
    with pytest.raises(ValueError, match="masks with 3 axes need as many spacings"):
        hd95_mm(TRUTH, TRUTH, (1.0, 1.0))
    with pytest.raises(ValueError, match="one shape"):
        surface_dice(TRUTH, TRUTH[1:], SPACING)
