from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.between import fill_between

SPACING = (1.0, 1.0, 1.0)


def painted(*widths, rows=slice(2, 9)):
    """One lesion, centred, of the given width in each slice; 0 paints nothing."""
    labels = np.zeros((len(widths), 11, 21), np.uint8)
    for number, width in enumerate(widths):
        labels[number, rows, 10 - width // 2 : 10 + (width + 1) // 2] = 1
    return labels


def widths(labels, row=5, value=1):
    return [int(count) for count in (labels[:, row] == value).sum(axis=1)]


def changed(before, after):
    return tuple(np.flatnonzero((before != after).any(axis=(1, 2))))


def test_width_goes_steadily_from_one_outline_to_the_other():
    # A tall strip, so that its upper and lower end do not matter in the middle.
    labels = painted(4, 0, 0, 0, 12, rows=slice(None))
    filled = fill_between(labels, 1, SPACING, 10)
    assert widths(filled, row=5) == [4, 6, 8, 10, 12]


def test_equal_outlines_are_repeated():
    filled = fill_between(painted(5, 0, 0, 5), 1, SPACING, 10)
    np.testing.assert_array_equal(filled, painted(5, 5, 5, 5))


@pytest.mark.parametrize(("column_mm", "is_painted"), [(1.0, True), (3.0, False)])
def test_unequal_sides_of_a_pixel_are_measured_in_mm(column_mm, is_painted):
    labels = np.zeros((3, 15, 15), np.uint8)
    labels[0, 4:11, 4:11] = 1
    labels[2, 6:9, 2:13] = 1
    filled = fill_between(labels, 1, (1.0, 1.0, column_mm), 10)
    # One column outside the lower outline, two columns or rows inside the upper one.
    assert bool(filled[1, 7, 3]) is is_painted


def test_only_slices_between_are_painted():
    filled = fill_between(painted(0, 5, 0, 5, 0, 0), 1, SPACING, 10)
    np.testing.assert_array_equal(filled, painted(0, 5, 5, 5, 0, 0))


@pytest.mark.parametrize(("longest_mm", "slices"), [(9.9, ()), (10.0, (1, 2, 3))])
def test_gaps_are_filled_up_to_a_length_in_mm(longest_mm, slices):
    labels = painted(5, 0, 0, 0, 5)
    filled = fill_between(labels, 1, (2.5, 1.0, 1.0), longest_mm)
    assert changed(labels, filled) == slices


@pytest.mark.parametrize(
    ("around", "slices"),
    [(0, ()), (1, (1,)), (2, ()), (3, (3, 4)), (4, (3, 4)), (9, ())],
)
def test_only_the_gap_around_a_slice_is_filled(around, slices):
    labels = painted(5, 0, 5, 0, 0, 5)
    assert changed(labels, fill_between(labels, 1, SPACING, 10, around)) == slices


def test_slice_is_counted_in_the_scan_and_not_from_the_first_painted_one():
    labels = painted(0, 0, 0, 5, 0, 5)
    assert changed(labels, fill_between(labels, 1, SPACING, 10, 4)) == (4,)
    assert changed(labels, fill_between(labels, 1, SPACING, 10, 1)) == ()


def test_gap_of_one_lesion_is_filled_beside_a_lesion_without_gaps():
    labels = painted(5, 0, 0, 5)
    labels[:, 4:7, 0:3] = 1
    filled = fill_between(labels, 1, SPACING, 10)
    assert widths(filled) == [8, 8, 8, 8]


def test_outlines_that_do_not_lie_above_each_other_are_not_joined():
    labels = np.zeros((3, 9, 9), np.uint8)
    labels[0, 1:4, 1:4] = labels[2, 5:8, 5:8] = 1
    assert changed(labels, fill_between(labels, 1, SPACING, 10)) == ()


def test_lesion_that_goes_on_below_beside_the_outline_is_not_joined():
    labels = painted(5, 0, 0, 7, 7)
    labels[2, 5, 7] = 1
    assert changed(labels, fill_between(labels, 1, SPACING, 10)) == ()


def test_two_branches_join_one_trunk():
    labels = np.zeros((3, 9, 15), np.uint8)
    labels[0, 3:6, 1:5] = labels[0, 3:6, 10:14] = 1
    labels[2, 3:6, 1:14] = 1
    middle = fill_between(labels, 1, SPACING, 10)[1]
    assert middle[4, 2] == middle[4, 12] == 1


def test_other_classes_are_not_painted_over():
    labels = painted(5, 0, 5)
    labels[1, 5, 10] = 2
    filled = fill_between(labels, 1, SPACING, 10)
    assert filled[1, 5, 10] == 2
    assert np.count_nonzero(filled[1] == 1) == 5 * 7 - 1


def test_outlines_at_the_border_of_the_picture_are_joined_there():
    labels = np.zeros((3, 4, 4), np.uint8)
    labels[[0, 2]] = 1
    np.testing.assert_array_equal(
        fill_between(labels, 1, SPACING, 10), np.ones((3, 4, 4))
    )


@pytest.mark.parametrize(
    "labels", [painted(5), painted(5, 5), painted(5, 5, 5), painted(0, 0, 0)]
)
def test_where_there_is_no_gap_nothing_is_painted(labels):
    filled = fill_between(labels, 1, SPACING, 10)
    np.testing.assert_array_equal(filled, labels)
    assert not np.shares_memory(filled, labels)
