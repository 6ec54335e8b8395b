from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cases.diff import CHANGES, diff, mark_changes, newest_pair
from covseg_core.errors import InputRefusedError
from covseg_core.labels import INFECTION
from covseg_core.volume import Grid, LesionMask, Source

VOXEL_ML = 0.0028


@pytest.fixture
def compared(store, make_ct, make_mask):
    """Two masks of a new case: 10 and 5 voxels, then as the test says."""

    def compare(counts, **facts):
        ct = make_ct(**facts)
        store.add_case(ct)
        store.add_mask("case-0001", make_mask({1: 10, 2: 5}, ct), source="model")
        store.add_mask("case-0001", make_mask(counts, ct), source="edited", parent=1)
        return diff(store, "case-0001", 1, 2)

    return compare


def test_what_was_added_and_changed_is_counted(compared):
    # The first 8 voxels stay, 2 change class, 5 stay, 5 are new.
    found = compared({1: 8, 2: 7, 255: 5})
    assert (found.old, found.new) == (1, 2)
    assert found.changed_voxels == 7
    assert found.dice == pytest.approx(2 * 15 / 35)
    assert found.gained_ml == pytest.approx(5 * VOXEL_ML)
    assert found.lost_ml == 0
    assert found.old_ml == pytest.approx(
        {"ggo": 10 * VOXEL_ML, "consolidation": 5 * VOXEL_ML}
    )
    assert found.new_voxels == {"ggo": 8, "consolidation": 7, "unknown": 5}


def test_what_was_taken_away_is_counted(compared):
    found = compared({1: 10})
    assert (found.gained_voxels, found.lost_voxels) == (0, 5)
    assert found.lost_ml == pytest.approx(5 * VOXEL_ML)


def test_masks_of_other_classes_are_compared_as_infection(store, make_ct, make_mask):
    store.add_case(make_ct())
    store.add_mask("case-0001", make_mask({2: 6}, make_ct()), source="manual")
    single = make_mask({1: 6}, make_ct(), INFECTION)
    store.add_mask("case-0001", single, source="model")
    found = diff(store, "case-0001", 1, 2)
    assert (found.changed_voxels, found.dice) == (0, 1)
    assert found.new_voxels == {"infection": 6}


def test_a_picture_has_no_volumes(store):
    from covseg_core.volume import CTVolume

    grid = Grid.from_spacing((1, 6, 5), (1, 1, 1))
    grey = np.arange(30, dtype=np.float32).reshape(1, 6, 5)
    store.add_case(CTVolume(grey, grid, is_hu=False, source=Source("images")))
    for values in (0, 1):
        labels = np.full(grid.shape, values, np.uint8)
        store.add_mask("case-0001", LesionMask(labels, grid), source="manual")
    found = diff(store, "case-0001", 1, 2)
    assert found.gained_voxels == 30
    assert found.gained_ml is found.lost_ml is found.old_ml is found.new_ml is None


def test_the_newest_mask_is_compared_with_what_it_was_made_from(
    filled, make_ct, make_mask
):
    assert newest_pair(filled.read("case-0001")) == (1, 2)
    mask = make_mask({1: 1}, make_ct())
    filled.add_mask("case-0001", mask, source="edited", parent=1)
    assert newest_pair(filled.read("case-0001")) == (1, 3)


def test_one_mask_cannot_be_compared(filled):
    with pytest.raises(
        InputRefusedError, match="case-0002 has 1 masks; two are needed"
    ):
        newest_pair(filled.read("case-0002"))


def test_what_came_and_went_is_marked_whatever_the_class():
    old = np.array([[[0, 0, 1, 1, 2]]], np.uint8)
    new = np.array([[[0, 2, 0, 2, 255]]], np.uint8)
    assert CHANGES.keys == ("gained", "lost")
    np.testing.assert_array_equal(mark_changes(old, new), [[[0, 1, 2, 0, 0]]])
