from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.severity.distribution import (
    DistributionSettings,
    measure_distribution,
)
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

GRID = Grid.from_spacing((14, 22, 40), (10.0, 5.0, 5.0))
RIGHT, LEFT = np.s_[1:13, 1:21, 2:18], np.s_[1:13, 1:21, 22:38]


def scan(*infected, grid=GRID):
    """Two lungs of 12 x 20 x 16 voxels of 0.25 ml, infected in some boxes."""
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[RIGHT], lungs[LEFT] = 1, 2
    lesions = np.zeros(GRID.shape, np.uint8)
    for box in infected:
        lesions[box] = 1
    ct = CTVolume(np.full(GRID.shape, -800, np.float32), grid)
    return ct, LesionMask(lesions, grid), LungMask(lungs, grid)


def percents(parts):
    return {one.key: one.percent_of_infection for one in parts}


def test_parts_of_the_block_phantom_are_exact(blocks):
    found = measure_distribution(blocks.ct, blocks.lesions, blocks.lungs)
    assert found.laterality == "bilateral"
    right, left = found.sides
    assert (right.key, left.key) == ("right", "left")
    assert right.percent_of_infection == pytest.approx(100 * 50 / 70)
    assert left.percent_of_infection == pytest.approx(100 * 20 / 70)
    # Slices 5-14 are cut into 3, 4 and 3. The opacity fills slices 6-10 by 10 ml, the
    # consolidation slices 7-10 by 5 ml.
    lower, middle, upper = (found.heights[n] for n in (2, 1, 0))
    assert [one.key for one in found.heights] == ["upper", "middle", "lower"]
    assert lower.infection_ml == pytest.approx(2 * 10 + 5)
    assert middle.infection_ml == pytest.approx(3 * 10 + 3 * 5)
    assert upper.infection_ml == 0
    assert lower.lung_ml == pytest.approx(300)
    assert lower.percent_opacity == pytest.approx(100 * 25 / 300)
    # The opacity is in the rear rows; rows 28-32 lie behind the middle of the left
    # lung, 16-35, too.
    posterior, anterior = found.faces
    assert (posterior.key, anterior.key) == ("posterior", "anterior")
    assert posterior.percent_of_infection == pytest.approx(
        100 * (50 * 9 / 10 + 20) / 70
    )
    assert (found.lesion_count, found.largest_ml) == (2, pytest.approx(50))
    assert found.lesion_ml == pytest.approx((50, 20))


def test_peripheral_is_measured_in_mm_on_uneven_voxels():
    # Columns are 5 mm and the lung is 16 of them wide: the outer 4 on either side
    # lie within 20 mm of the first column outside. Slices are 10 mm: the outer 2.
    ct, lesions, lungs = scan(np.s_[6, 10, 2:18])
    found = measure_distribution(ct, lesions, lungs)
    assert percents(found.depths) == {"peripheral": 50, "central": 50}
    ct, lesions, lungs = scan(np.s_[1:13, 10, 9])
    found = measure_distribution(ct, lesions, lungs)
    assert percents(found.depths)["peripheral"] == pytest.approx(100 * 4 / 12)
    thin = measure_distribution(
        ct, lesions, lungs, DistributionSettings(peripheral_mm=10)
    )
    assert percents(thin.depths)["peripheral"] == pytest.approx(100 * 2 / 12)
    assert thin.peripheral_mm == 10


def test_volumes_of_rim_and_centre_are_those_of_a_box():
    found = measure_distribution(*scan(np.s_[6, 10, 9]))
    central = next(one for one in found.depths if one.key == "central")
    # Without 2 slices, 4 rows and 4 columns at either end.
    assert central.lung_ml == pytest.approx(2 * (12 - 4) * (20 - 8) * (16 - 8) * 0.25)


def test_vessels_left_out_of_the_lung_mask_are_no_surface():
    ct, lesions, lungs = scan(np.s_[6, 10, 9])
    lungs.labels[1:13, 10, 12] = 0
    found = measure_distribution(ct, lesions, lungs)
    assert percents(found.depths) == {"peripheral": 0, "central": 100}


def test_the_edge_of_the_scan_is_no_surface():
    ct, lesions, lungs = scan(np.s_[0, 10, 9])
    lungs.labels[0] = lungs.labels[1]
    found = measure_distribution(ct, lesions, lungs)
    assert percents(found.depths)["central"] == 100


def test_fine_voxels_are_thinned_and_give_the_same_parts():
    grid = Grid.from_spacing((40, 90, 90), (2.0, 0.7, 0.7))
    lungs = np.zeros(grid.shape, np.uint8)
    lungs[2:38, 3:87, 3:87] = 1
    lesions = np.zeros(grid.shape, np.uint8)
    lesions[20, 45, 3:45] = 1
    masks = LesionMask(lesions, grid), LungMask(lungs, grid)
    ct = CTVolume(np.full(grid.shape, -800, np.float32), grid)
    found = measure_distribution(ct, *masks)
    # 28 columns of 0.7 mm reach 19.6 mm deep, give or take the 1.4 mm of a pair.
    assert percents(found.depths)["peripheral"] == pytest.approx(100 * 28 / 42, abs=5)


def test_the_middle_voxel_belongs_to_the_posterior_half():
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[1:13, 1:20, 2:18] = 1
    ct, lesions, _ = scan(np.s_[6, 10, 9])
    found = measure_distribution(ct, lesions, LungMask(lungs, GRID))
    assert percents(found.faces) == {"posterior": 100, "anterior": 0}


def test_one_sided_infection_is_unilateral():
    found = measure_distribution(*scan(np.s_[6, 10, 9]))
    assert found.laterality == "unilateral"
    assert percents(found.sides) == {"right": 100, "left": 0}
    assert (
        measure_distribution(*scan(np.s_[6, 10, 9], np.s_[6, 10, 22])).laterality
        == "bilateral"
    )


def test_without_infection_no_part_has_a_share_of_it():
    found = measure_distribution(*scan())
    assert found.laterality is None
    assert (found.lesion_count, found.largest_ml, found.lesion_ml) == (0, None, ())
    for parts in (found.sides, found.heights, found.depths, found.faces):
        assert {one.percent_of_infection for one in parts} == {None}
        assert {one.percent_opacity for one in parts} == {0.0}


def test_a_missing_lung_has_no_share_of_infected_voxels():
    ct, lesions, lungs = scan(np.s_[6, 10, 9])
    lungs.labels[LEFT] = 0
    _, left = measure_distribution(ct, lesions, lungs).sides
    assert (left.lung_ml, left.percent_opacity) == (0, None)


def test_lesions_that_touch_by_a_corner_are_one():
    found = measure_distribution(
        *scan(np.s_[5, 5, 5], np.s_[6, 6, 6], np.s_[6, 6, 8:10])
    )
    assert found.lesion_ml == pytest.approx((0.5, 0.5))
    found = measure_distribution(*scan(np.s_[5, 5, 5], np.s_[6, 6, 6:9]))
    assert found.lesion_ml == pytest.approx((1.0,))


def test_padding_takes_no_part():
    ct, lesions, lungs = scan(np.s_[6, 10, 9], np.s_[2, 10, 9])
    padding = np.zeros(GRID.shape, bool)
    padding[2] = True
    found = measure_distribution(replace(ct, padding=padding), lesions, lungs)
    assert found.lesion_count == 1
    assert percents(found.heights)["middle"] == 100


@pytest.mark.parametrize(
    ("order", "flips"),
    [((2, 0, 1), (True, False, True)), ((0, 1, 2), (1, 1, 0)), ((1, 2, 0), (0, 1, 1))],
)
def test_parts_follow_the_patient_and_not_the_file(chest, stored, order, flips):
    masks = chest.ct, chest.lesions, chest.lungs
    wanted = measure_distribution(*masks)
    found = measure_distribution(*(stored(each, order, flips) for each in masks))
    for name in ("sides", "heights", "depths", "faces"):
        for one, other in zip(getattr(wanted, name), getattr(found, name), strict=True):
            assert one.infection_ml == pytest.approx(other.infection_ml)
            assert one.lung_ml == pytest.approx(other.lung_ml)
    assert found.lesion_ml == pytest.approx(wanted.lesion_ml)


def test_an_oblique_grid_is_cut_by_the_height_in_the_patient():
    # The patient is tilted by 45 degrees about x: along the array axis of slices
    # and rows, height and depth change alike.
    tilt = np.eye(4)
    tilt[1:3, 1:3] = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    grid = Grid(GRID.shape, tilt @ np.diag([5.0, 5.0, 5.0, 1.0]))
    found = measure_distribution(
        *scan(np.s_[12, 1, 9], np.s_[1, 20, 9], np.s_[1, 20, 30], grid=grid)
    )
    assert percents(found.heights) == pytest.approx(
        {"upper": 100 / 3, "middle": 0, "lower": 200 / 3}
    )
    # Both corners lie in the middle of the depth, the last row a little behind.
    ends = measure_distribution(*scan(np.s_[1, 1, 9], np.s_[12, 20, 9], grid=grid))
    assert percents(ends.faces) == {"posterior": 50, "anterior": 50}


def test_all_values_fit_into_json():
    document = measure_distribution(*scan(np.s_[6, 10, 9])).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["heights"]["middle"]["percent_of_infection"] == 100
    assert document["largest_lesion_ml"] == pytest.approx(0.25)


def test_an_empty_lung_mask_is_refused():
    ct, lesions, lungs = scan()
    lungs.labels[:] = 0
    with pytest.raises(InputRefusedError, match="the lung mask is empty"):
        measure_distribution(ct, lesions, lungs)
