from __future__ import annotations

import numpy as np
import pytest

from covseg_core.labels import LUNGS
from covseg_core.severity.zones import share_by_zone
from covseg_core.volume import Grid, LesionMask, LungMask

GRID = Grid.from_spacing((8, 4, 8), (5.0, 1.0, 1.0))


def masks(*infected):
    """The right lung fills slices 1 to 6 and the left one slices 3 to 5."""
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[1:7, 1:3, 1:3] = 1
    lungs[3:6, 1:3, 5:7] = 2
    lesions = np.zeros(GRID.shape, np.uint8)
    for place in infected:
        lesions[place] = 1
    return LesionMask(lesions, GRID), LungMask(lungs, GRID, LUNGS)


def shares(lesions, lungs):
    found = share_by_zone(lesions, lungs)
    return {(one.side, one.height): one.percent_opacity for one in found}


def test_thirds_are_of_each_lung_and_count_from_the_head():
    # Slices 5 and 6 are the upper third of the right lung, slice 5 of the left one.
    found = shares(*masks(np.s_[6, 1:3, 1:3], np.s_[5, 1, 5], np.s_[1:3, 1, 1:3]))
    assert found == {
        ("right", "upper"): 50,
        ("right", "middle"): 0,
        ("right", "lower"): 50,
        ("left", "upper"): 25,
        ("left", "middle"): 0,
        ("left", "lower"): 0,
    }


def test_zones_follow_the_patient_and_not_the_file(blocks, stored):
    wanted = shares(blocks.lesions, blocks.lungs)
    assert wanted["right", "upper"] != wanted["right", "lower"]
    for order, flips in (((2, 0, 1), (True, False, True)), ((0, 1, 2), (1, 0, 1))):
        turned = (stored(each, order, flips) for each in (blocks.lesions, blocks.lungs))
        assert shares(*turned) == pytest.approx(wanted)


def test_infection_beyond_the_lung_counts_for_the_nearest_one():
    # The voxel joins slice 3 of the left lung: one of five voxels there.
    found = shares(*masks(np.s_[3, 1, 7]))
    assert found["left", "lower"] == pytest.approx(20)


def test_without_a_lung_there_is_no_share():
    lesions, lungs = masks(np.s_[3, 1, 1])
    right_only = LungMask(np.where(lungs.labels == 1, 1, 0).astype(np.uint8), GRID)
    found = shares(lesions, right_only)
    assert found["left", "upper"] is None
    assert found["right", "middle"] == 12.5
    nothing = LungMask(np.zeros(GRID.shape, np.uint8), GRID)
    assert set(shares(lesions, nothing).values()) == {None}


def test_a_lung_in_one_slice_has_one_zone():
    lesions, lungs = masks(np.s_[1, 1:3, 1:3])
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1] = lungs.labels[1]
    found = shares(lesions, LungMask(labels, GRID))
    assert [found["right", height] for height in ("upper", "middle", "lower")] == [
        None,
        100,
        None,
    ]
