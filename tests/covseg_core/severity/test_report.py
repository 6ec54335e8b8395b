"""The whole report on lungs of boxes, whose every figure was counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.severity.regions import Rung
from covseg_core.severity.report import measure_report
from covseg_core.volume import Grid, LobeMask, LungMask

# Which lobe a slice of `make_block_phantom` belongs to, by its lung.
RIGHT_LOBES = {range(5, 8): 5, range(8, 12): 4, range(12, 15): 3}
LEFT_LOBES = {range(5, 10): 2, range(10, 15): 1}


def lobes_of(blocks):
    labels = np.zeros(blocks.grid.shape, np.uint8)
    for side, lobes in ((1, RIGHT_LOBES), (2, LEFT_LOBES)):
        for slices, lobe in lobes.items():
            inside = blocks.lungs.labels[slices.start : slices.stop] == side
            labels[slices.start : slices.stop][inside] = lobe
    return LobeMask(labels, blocks.grid)


def points(report, key):
    result = report.score(key)
    return result.of_side("right"), result.of_side("left"), result.total, result.maximum


@pytest.fixture(scope="module")
def report(blocks):
    return measure_report(blocks.ct, blocks.lesions, blocks.lungs)


class TestWithoutLobes:
    def test_ct_ss_counts_the_twenty_regions_that_are_touched(self, report):
        # Six right and two left regions are infected, each by less than half.
        assert points(report, "ct_ss") == (6, 2, 8, 40)
        shares = {one.region.key: one.percent for one in report.score("ct_ss").regions}
        assert shares["right_fourth_fifth_back"] == pytest.approx(30)
        assert shares["right_fourth_fifth_front"] == pytest.approx(100 / 30)
        assert shares["left_third_fifth_back"] == pytest.approx(25)
        assert shares["left_third_fifth_front"] == 0

    def test_scores_by_lobe_are_given_to_zones_and_say_so(self, report):
        # Right: lower 200/1800, middle 300/2400. Left: lower 50/1200, middle 150/1600.
        assert points(report, "pan_25") == (4, 3, 7, 30)
        assert points(report, "francone_25") == (4, 3, 7, 30)
        assert points(report, "lss") == (2, 2, 4, 24)
        # Only the consolidation on the left is above -200 HU.
        assert points(report, "lhos") == (0, 2, 2, 24)
        assert report.rung is Rung.ZONES
        assert "not lobes" in report.score("pan_25").remarks[0]

    def test_volumes_by_zone(self, report):
        ml = {region.key: opacity.infection_ml for region, opacity in report.regions}
        assert ml == pytest.approx(
            {
                "right_upper_zone": 0,
                "right_middle_zone": 30,
                "right_lower_zone": 20,
                "left_upper_zone": 0,
                "left_middle_zone": 15,
                "left_lower_zone": 5,
            }
        )

    def test_seven_percent_are_severe_by_the_papers(self, report):
        assert report.level == "severe"


class TestWithLobes:
    @pytest.fixture(scope="class")
    def by_lobe(self, blocks):
        masks = blocks.lesions, blocks.lungs
        return measure_report(blocks.ct, *masks, lobes=lobes_of(blocks))

    def test_scores_are_as_published(self, by_lobe):
        # Left lower lobe 150/2000, left upper lobe 50/2000.
        assert points(by_lobe, "pan_25") == (4, 3, 7, 25)
        assert points(by_lobe, "lss") == (2, 2, 4, 20)
        assert by_lobe.score("pan_25").is_as_published
        assert by_lobe.score("pan_25").remarks == ()
        assert by_lobe.rung is Rung.LOBES

    def test_ct_ss_stays_a_proxy(self, by_lobe):
        assert by_lobe.score("ct_ss").rung is Rung.REGIONS20

    def test_a_lobe_that_was_removed_cannot_be_scored(self, blocks):
        lobes = lobes_of(blocks)
        labels = np.where(lobes.labels == 4, 0, lobes.labels).astype(np.uint8)
        lungs = np.where(lobes.labels == 4, 0, blocks.lungs.labels).astype(np.uint8)
        lesions = np.where(lobes.labels == 4, 0, blocks.lesions.labels)
        report = measure_report(
            blocks.ct,
            replace(blocks.lesions, labels=lesions.astype(np.uint8)),
            replace(blocks.lungs, labels=lungs),
            lobes=replace(lobes, labels=labels),
        )
        assert points(report, "pan_25") == (None, 3, None, 25)
        assert "right middle lobe" in report.score("pan_25").remarks[0]

    def test_an_empty_lobe_mask_is_refused(self, blocks):
        empty = LobeMask(np.zeros(blocks.grid.shape, np.uint8), blocks.grid)
        with pytest.raises(InputRefusedError, match="the lobe mask is empty"):
            measure_report(blocks.ct, blocks.lesions, blocks.lungs, lobes=empty)

    def test_lobes_of_another_scan_are_refused(self, blocks):
        grid = Grid(blocks.grid.shape, np.diag([2.5, 5.0, 4.0, 1.0]))
        lobes = replace(lobes_of(blocks), grid=grid)
        with pytest.raises(GeometryError, match="does not lie on the CT"):
            measure_report(blocks.ct, blocks.lesions, blocks.lungs, lobes=lobes)


def test_another_order_of_voxels_gives_the_same_scores(blocks, stored, report):
    for order, flips in (((2, 0, 1), (True, False, True)), ((0, 2, 1), (1, 1, 0))):
        turned = (
            stored(each, order, flips)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        )
        assert measure_report(*turned).scores == report.scores


def test_a_sheared_grid_changes_millilitres_and_no_score(blocks, report):
    affine = blocks.grid.affine_lps.copy()
    affine[1, 2] = 3.0
    affine[2, 2] *= 2
    grid = Grid(blocks.grid.shape, affine)
    sheared = measure_report(
        *(
            replace(each, grid=grid)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        )
    )
    assert grid.is_sheared
    assert sheared.scores == report.scores
    assert sheared.opacity.both.infection_ml == pytest.approx(140)


def test_swapped_sides_swap_the_points_and_are_remarked(blocks, report):
    labels = np.array([0, 2, 1], np.uint8)[blocks.lungs.labels]
    swapped = measure_report(blocks.ct, blocks.lesions, LungMask(labels, blocks.grid))
    right, left, total, maximum = points(report, "ct_ss")
    assert points(swapped, "ct_ss") == (left, right, total, maximum)
    assert any("sides may be swapped" in remark for remark in swapped.remarks)
    assert not any("swapped" in remark for remark in report.remarks)


def test_a_lung_that_is_not_there_is_remarked_and_never_scored_as_zero(blocks):
    labels = np.where(blocks.lungs.labels == 2, 2, 0).astype(np.uint8)
    report = measure_report(blocks.ct, blocks.lesions, LungMask(labels, blocks.grid))
    assert any("has no right lung" in remark for remark in report.remarks)
    assert report.score("ct_ss").of_side("right") is None
    assert report.score("ct_ss").total is None


@pytest.mark.parametrize(
    ("hu", "level", "ct_ss", "pan"),
    [(0, "regular", 0, 0), (1, "critical", 40, 30)],
)
def test_nothing_and_everything(blocks, hu, level, ct_ss, pan):
    labels = np.where(blocks.lungs.labels > 0, hu, 0).astype(np.uint8)
    mask = replace(blocks.lesions, labels=labels)
    report = measure_report(blocks.ct, mask, blocks.lungs)
    assert report.level == level
    assert (report.score("ct_ss").total, report.score("pan_25").total) == (ct_ss, pan)


def test_one_voxel_is_one_point_and_the_report_says_so(blocks):
    labels = np.zeros(blocks.grid.shape, np.uint8)
    labels[14, 14, 18] = 1
    mask = replace(blocks.lesions, labels=labels)
    report = measure_report(blocks.ct, mask, blocks.lungs)
    assert points(report, "ct_ss") == (1, 0, 1, 40)
    assert any("a single infected voxel counts" in remark for remark in report.remarks)


def test_grey_levels_have_no_score_of_density(blocks):
    grey = replace(blocks.ct, is_hu=False)
    report = measure_report(grey, blocks.lesions, blocks.lungs)
    assert report.score("lhos") is None
    assert any("not in Hounsfield units" in remark for remark in report.remarks)


def test_all_values_fit_into_json(report):
    document = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert document["opacity"]["right"]["lung_ml"] == pytest.approx(600)
    assert document["scores"]["ct_ss"]["total"] == 8
    assert document["scores"]["pan_25"]["rung"].startswith("six zones")
    assert len(document["regions"]) == 6
    assert document["level"]["value"] == "severe"
