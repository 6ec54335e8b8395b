from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.labels import LUNGS
from covseg_core.severity.counts import count_regions
from covseg_core.severity.regions import (
    Rung,
    lobes_of,
    lungs_from_lobes,
    nearest_region,
    regions20_of,
    require_lungs,
    sides_of,
    spread,
    spread_lobes,
    zones_of,
)
from covseg_core.volume import CTVolume, Grid, LesionMask, LobeMask, LungMask

GRID = Grid.from_spacing((8, 4, 8), (5.0, 1.0, 1.0))
CT = CTVolume(np.zeros(GRID.shape, np.float32), GRID)


def lungs_with(*, slices_right=np.s_[1:7], slices_left=np.s_[3:6]):
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[slices_right, 1:3, 1:3] = 1
    lungs[slices_left, 1:3, 5:7] = 2
    return LungMask(lungs, GRID, LUNGS)


def lesions_at(*places):
    lesions = np.zeros(GRID.shape, np.uint8)
    for place in places:
        lesions[place] = 1
    return LesionMask(lesions, GRID)


def shares(partition, lesions, ct=CT):
    nearest = nearest_region(partition, lesions)
    counts = count_regions(ct, lesions, spread(partition, nearest))
    return {
        one.region.key: 100 * one.infected / one.voxels if one.voxels else None
        for one in counts
    }


def test_thirds_are_of_each_lung_and_count_from_the_head():
    # Slices 5 and 6 are the upper third of the right lung, slice 5 of the left one.
    infected = lesions_at(np.s_[6, 1:3, 1:3], np.s_[5, 1, 5], np.s_[1:3, 1, 1:3])
    assert shares(zones_of(lungs_with()), infected) == {
        "right_upper_zone": 50,
        "right_middle_zone": 0,
        "right_lower_zone": 50,
        "left_upper_zone": 25,
        "left_middle_zone": 0,
        "left_lower_zone": 0,
    }


@pytest.mark.parametrize("cut", [zones_of, regions20_of])
def test_regions_follow_the_patient_and_not_the_file(blocks, stored, cut):
    wanted = shares(cut(blocks.lungs), blocks.lesions, blocks.ct)
    assert len(set(wanted.values())) > 1
    for order, flips in (((2, 0, 1), (True, False, True)), ((0, 1, 2), (1, 0, 1))):
        ct, lesions, lungs = (
            stored(each, order, flips)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        )
        assert shares(cut(lungs), lesions, ct) == pytest.approx(wanted)


def test_infection_beyond_the_lung_counts_for_the_nearest_region():
    # The voxel joins slice 3 of the left lung: one of five voxels there.
    found = shares(zones_of(lungs_with()), lesions_at(np.s_[3, 1, 7]))
    assert found["left_lower_zone"] == pytest.approx(20)


def test_a_lung_that_is_not_there_has_regions_without_voxels():
    found = shares(
        zones_of(lungs_with(slices_left=np.s_[0:0])), lesions_at(np.s_[3, 1, 1])
    )
    assert found["left_upper_zone"] is None
    assert found["right_middle_zone"] == 12.5


def test_a_lung_in_one_slice_has_one_zone():
    lungs = lungs_with(slices_right=np.s_[1:2], slices_left=np.s_[0:0])
    found = shares(zones_of(lungs), lesions_at(np.s_[1, 1:3, 1:3]))
    assert [found[f"right_{third}_zone"] for third in ("upper", "middle", "lower")] == [
        None,
        100,
        None,
    ]


class TestTwentyRegions:
    def sizes(self, lungs):
        partition = regions20_of(lungs)
        return np.bincount(partition.labels.ravel(), minlength=21)[1:]

    def test_each_lung_has_ten_and_none_overlaps(self):
        grid = Grid.from_spacing((10, 4, 8), (5.0, 1.0, 1.0))
        labels = np.zeros(grid.shape, np.uint8)
        labels[:, :, :3], labels[:, :, 5:] = 1, 2
        partition = regions20_of(LungMask(labels, grid))
        assert [one.side for one in partition.regions] == ["right"] * 10 + ["left"] * 10
        # 120 voxels of each lung: 2 slices in each fifth, 2 of 4 rows in each half.
        assert (np.bincount(partition.labels.ravel())[1:] == 12).all()
        assert ((partition.labels > 0) == (labels > 0)).all()

    def test_the_first_is_next_to_the_head_and_in_front(self):
        grid = Grid.from_spacing((10, 4, 8), (5.0, 1.0, 1.0))
        partition = regions20_of(LungMask(np.full(grid.shape, 1, np.uint8), grid))
        names = [one.key for one in partition.regions]
        at = partition.labels
        assert names[at[9, 0, 0] - 1] == "right_top_fifth_front"
        assert names[at[8, 3, 0] - 1] == "right_top_fifth_back"
        assert names[at[4, 0, 0] - 1] == "right_third_fifth_front"
        assert names[at[0, 3, 7] - 1] == "right_bottom_fifth_back"

    @pytest.mark.parametrize("seed", range(5))
    def test_volumes_of_any_lung_differ_by_two_voxels_at_most(self, seed):
        rng = np.random.default_rng(seed)
        grid = Grid.from_spacing((9, 11, 13), (5.0, 1.0, 1.0))
        labels = rng.integers(0, 3, grid.shape).astype(np.uint8)
        sizes = self.sizes(LungMask(labels, grid))
        for lung in (sizes[:10], sizes[10:]):
            assert lung.max() - lung.min() <= 2
        assert sizes.sum() == np.count_nonzero(labels)

    def test_a_lung_of_fewer_voxels_than_regions_leaves_some_empty(self):
        grid = Grid.from_spacing((3, 2, 2), (5.0, 1.0, 1.0))
        labels = np.zeros(grid.shape, np.uint8)
        labels[:, 0, 0] = 1
        sizes = self.sizes(LungMask(labels, grid))
        assert sizes.sum() == 3
        assert sizes.max() == 1


class TestLobes:
    def test_numbers_are_those_of_the_label_set_and_the_right_lung_comes_first(self):
        labels = np.zeros(GRID.shape, np.uint8)
        labels[0, 0, :6] = range(6)
        partition = lobes_of(LobeMask(labels, GRID))
        assert partition.rung is Rung.LOBES
        names = [one.key for one in partition.regions]
        assert [names[n - 1] for n in partition.labels[0, 0, 1:6]] == [
            "left_upper_lobe",
            "left_lower_lobe",
            "right_upper_lobe",
            "right_middle_lobe",
            "right_lower_lobe",
        ]
        assert names[:3] == [f"right_{p}_lobe" for p in ("upper", "middle", "lower")]

    def test_infection_beside_the_lobes_stays_in_its_lung(self):
        sides = np.ones(GRID.shape, np.uint8)
        sides[:, :, 4:] = 2
        labels = np.zeros(GRID.shape, np.uint8)
        labels[:, :, 0], labels[:, :, 4] = 3, 1
        # The voxel is next to the left lobe, and 3 mm from the right one.
        partition = lobes_of(LobeMask(labels, GRID))
        lesions = lesions_at(np.s_[2, 1, 3])
        found = spread_lobes(partition, lesions, sides_of(LungMask(sides, GRID)))
        upper = {one.key: n for n, one in enumerate(found.regions, 1)}
        assert found.labels[2, 1, 3] == upper["right_upper_lobe"]
        assert (found.labels > 0).sum() == (labels > 0).sum() + 1

    def test_infection_in_a_lung_without_a_lobe_stays_outside(self):
        labels = np.zeros(GRID.shape, np.uint8)
        labels[:, :, 0] = 3
        partition = lobes_of(LobeMask(labels, GRID))
        lesions = lesions_at(np.s_[3, 1, 5])
        found = spread_lobes(partition, lesions, sides_of(lungs_with()))
        assert np.array_equal(found.labels, partition.labels)

    def test_lobes_make_lungs(self):
        labels = np.zeros(GRID.shape, np.uint8)
        labels[0, 0, :6] = range(6)
        lungs = lungs_from_lobes(LobeMask(labels, GRID))
        assert lungs.labels[0, 0, :6].tolist() == [0, 2, 2, 1, 1, 1]


def test_sides_are_those_of_the_mask():
    partition = sides_of(lungs_with())
    assert [one.side for one in partition.regions] == ["right", "left"]


def test_lungs_that_are_empty_are_refused():
    empty = LungMask(np.zeros(GRID.shape, np.uint8), GRID)
    with pytest.raises(InputRefusedError, match="the lung mask is empty"):
        require_lungs(CT, lesions_at(), empty)


def test_lungs_that_are_all_padding_are_refused():
    lungs = lungs_with()
    padded = CTVolume(CT.hu, GRID, padding=lungs.labels > 0)
    with pytest.raises(InputRefusedError, match="all of it is padding"):
        require_lungs(padded, lesions_at(np.s_[1, 1, 1]), lungs)
    padded.padding[1, 1, 1] = False
    assert require_lungs(padded, lesions_at(), lungs) is lungs
