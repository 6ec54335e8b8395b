from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.change import Change, box_around, whole
from covseg_core.errors import GeometryError, InputRefusedError

SHAPE = (4, 6, 8)


@pytest.fixture
def before():
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2:4, 3:6] = 1
    return labels


@pytest.fixture
def after(before):
    labels = before.copy()
    labels[1, 2, 3] = 2
    labels[2, 4, 5] = 1
    labels[1, 3, 5] = 0
    return labels


def test_box_is_the_smallest_that_holds_every_difference(before, after):
    box = box_around(before, after, whole(SHAPE))
    assert box == (slice(1, 3), slice(2, 5), slice(3, 6))


def test_equal_masks_give_no_change(before):
    assert Change.between("Brush", before, before.copy()) is None


def test_change_made_and_taken_back_gives_both_masks(before, after):
    change = Change.between("Brush", before, after)
    labels = before.copy()
    change.apply(labels)
    np.testing.assert_array_equal(labels, after)
    change.revert(labels)
    np.testing.assert_array_equal(labels, before)


def test_inverse_takes_back(before, after):
    inverse = Change.between("Brush", before, after).inverse()
    labels = after.copy()
    inverse.apply(labels)
    np.testing.assert_array_equal(labels, before)
    assert inverse.title == "Brush"


def test_growth_is_counted_by_value(before, after):
    change = Change.between("Brush", before, after)
    # 1 became 2, 1 became 0, 0 became 1.
    assert dict(change.gained) == {1: -1, 2: 1}
    assert dict(change.inverse().gained) == {1: 1, 2: -1}
    assert change.voxels == 3


def test_only_the_given_box_is_looked_at(before, after):
    within = (slice(2, 3), slice(0, 6), slice(0, 8))
    change = Change.between("Brush", before, after, within)
    labels = before.copy()
    change.apply(labels)
    assert (labels != before).sum() == 1
    assert labels[2, 4, 5] == 1


def test_other_voxels_of_the_box_stay_as_they_are(before, after):
    change = Change.between("Brush", before, after)
    labels = np.full(SHAPE, 7, np.uint8)
    change.apply(labels)
    assert (labels != 7).sum() == 3


def test_masks_of_other_shapes_are_refused(before):
    with pytest.raises(GeometryError, match="an edit keeps the grid"):
        Change.between("Brush", before, before[1:])


def test_change_of_a_whole_scan_is_small():
    before = np.zeros((40, 128, 128), np.uint8)
    after = before.copy()
    after[5:35, 20:100, 20:100] = 1
    change = Change.between("Outline", before, after)
    assert change.voxels == 30 * 80 * 80
    assert change.nbytes < before.nbytes / 100


@pytest.mark.parametrize("shape", [(2, 6, 8), (4, 3, 8), (4, 6, 5)])
def test_change_that_does_not_fit_is_told(before, after, shape):
    change = Change.between("Brush", before, after)
    change.require_within(SHAPE)
    with pytest.raises(InputRefusedError, match="does not fit a mask of shape"):
        change.require_within(shape)
