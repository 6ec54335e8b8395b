"""Groups hold the numbers of the blocks, which one can compute in one's head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.io.dicom.measurements import Evaluation
from covseg_core.io.dicom.sr_codes import (
    BILATERAL,
    LEFT,
    LUNG,
    MEAN_HU,
    RIGHT,
    VOLUME,
    private,
)
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.reports.severity.sr import severity_measurements
from covseg_core.severity.report import measure_report
from covseg_core.volume import LesionMask, LobeMask

EDITED = MaskOrigin("edited", "infnet-multi-small", "5" * 64)
SEGMENTS = {
    "Ground-glass opacity": 1,
    "Consolidation": 2,
    "Right lung": 3,
    "Left lung": 4,
}


@pytest.fixture
def told(blocks):
    """Measure the blocks, or others like them, and tell it."""

    def tell(ct=blocks.ct, lesions=blocks.lesions, lobes=None, origin=EDITED, **more):
        segments = more.get("segments", SEGMENTS)
        report = measure_report(ct, lesions, blocks.lungs, lobes=lobes)
        masks = [
            TracedMask(lesions, origin),
            TracedMask(blocks.lungs, MaskOrigin("model", "hu-threshold")),
        ]
        return severity_measurements(ct, masks, report, segments)

    return tell


def group_of(report, title):
    (group,) = (one for one in report.groups if one.title == title)
    return group


def values_of(group) -> dict[str, float]:
    return {one.concept.value: one.value for one in group.measurements}


@pytest.mark.parametrize(
    ("title", "segment", "side", "ml", "hu"),
    [
        ("Outline: Ground-glass opacity", 1, BILATERAL, 50, -550),
        ("Outline: Consolidation", 2, BILATERAL, 20, 20),
        ("Outline: Right lung", 3, RIGHT, 600, -825),
        ("Outline: Left lung", 4, LEFT, 400, -806.5),
    ],
)
def test_an_outline_has_its_volume_and_mean_density(told, title, segment, side, ml, hu):
    # Right: 550 ml of -850 HU and 50 ml of -550 HU; left: 380 of -850 and 20 of 20.
    group = group_of(told(), title)
    assert (group.segment, group.site, group.side) == (segment, LUNG, side)
    volume, mean = group.measurements
    assert (volume.concept, mean.concept) == (VOLUME, MEAN_HU)
    assert volume.value == pytest.approx(ml)
    assert mean.value == pytest.approx(hu)


def test_the_lungs_have_volumes_shares_and_scores(told):
    both = values_of(group_of(told(), "Both lungs"))
    assert both["LUNG_ML"] == pytest.approx(1000)
    assert both["INFECTION_ML"] == pytest.approx(70)
    assert both["GGO_ML"] == pytest.approx(50)
    assert both["CONSOLIDATION_ML"] == pytest.approx(20)
    assert both["PO"] == pytest.approx(7)
    assert both["PHO"] == pytest.approx(2)
    # 50 ml of -550 HU and 20 ml of 20 HU.
    assert both[MEAN_HU.value] == pytest.approx((50 * -550 + 20 * 20) / 70)
    right, left = (values_of(group_of(told(), f"{side} lung")) for side in _SIDES)
    assert right["PO"] == pytest.approx(100 * 50 / 600)
    assert left["PO"] == left["PHO"] == pytest.approx(5)
    for score in ("CT_SS", "PAN_25", "FRANCONE_25", "LSS", "LHOS"):
        assert both[score] == right[score] + left[score]


_SIDES = "Right", "Left"


def test_points_of_regions_add_up_to_the_total_and_name_their_regions(told):
    report = told()
    parts = report.groups[7:]
    assert len(parts) == 6 + 20
    for score, rung in (("PAN_25", "BY_ZONES"), ("CT_SS", "BY_REGIONS20")):
        given = [
            one
            for group in parts
            for one in group.measurements
            if one.concept == private(score)
        ]
        total = values_of(group_of(report, "Both lungs"))[score]
        assert sum(one.value for one in given) == total
        assert {one.method for one in given} == {private(rung)}
    assert all(group.site == LUNG and group.side for group in parts)


def test_lobes_are_named_by_their_codes(told, blocks):
    lobes = np.where(blocks.lungs.labels == 1, 3, 0).astype(np.uint8)
    lobes[blocks.lungs.labels == 2] = 1
    report = told(lobes=LobeMask(lobes, blocks.ct.grid))
    upper = group_of(report, "Right upper lobe")
    assert (upper.site.value, upper.side) == ("45653009", RIGHT)
    assert values_of(upper)["LSS"] == 1
    # A lobe without a voxel has nothing to tell, and so the score has no total.
    assert not [one for one in report.groups if one.title == "Right middle lobe"]
    assert "LSS" not in values_of(group_of(report, "Both lungs"))
    assert any(
        one.startswith("Lung severity score: not scorable of 20, by lobes.")
        for one in report.comments
    )


def test_the_level_is_an_answer(told):
    both = group_of(told(), "Both lungs")
    severe = Evaluation(private("LEVEL"), private("LEVEL_SEVERE"))
    assert both.evaluations == (severe,)


def test_comments_name_who_drew_each_rule_and_our_concepts(told):
    comments = told().comments
    assert comments[:2] == (
        "Infection: outlined by infnet-multi-small and corrected by a reader.",
        "Lungs: outlined by hu-threshold, corrected by nobody.",
    )
    (ct_ss,) = (one for one in comments if one.startswith("CT-SS: "))
    assert "of 40. Points of a region: 0: none; 1: < 50 %" in ct_ss
    assert "proxy" in ct_ss
    assert "R. Yang et al." in ct_ss
    defined = [one for one in comments if one.startswith("99COVSEG")]
    assert len(defined) == len(set(defined))
    assert any("BY_ZONES" in one for one in defined)
    assert not any("BY_LOBES" in one for one in defined)


def test_an_algorithm_is_named_but_for_a_readers_outline(told):
    group = group_of(told(), "Outline: Consolidation")
    assert (group.algorithm.name, group.algorithm.version) == (
        "infnet-multi-small",
        "5" * 64,
    )
    assert group.algorithm.remarks == ("Outline corrected by a reader",)
    drawn = told(origin=MaskOrigin("manual"))
    assert group_of(drawn, "Outline: Consolidation").algorithm is None
    assert group_of(drawn, "Both lungs").algorithm is None
    assert drawn.comments[0] == "Infection: outlined by a reader."


def test_a_scan_that_is_not_in_hu_has_no_densities(told, blocks):
    report = told(replace(blocks.ct, is_hu=False))
    concepts = {one.concept for group in report.groups for one in group.measurements}
    assert MEAN_HU not in concepts
    assert private("PHO") not in concepts
    assert private("LHOS") not in concepts
    assert private("PO") in concepts


def test_padding_has_no_density_but_belongs_to_its_outline(told, blocks):
    padding = blocks.lesions.labels == 2
    padding[8:] = False
    report = told(replace(blocks.ct, padding=padding))
    group = group_of(report, "Outline: Consolidation")
    assert values_of(group)[VOLUME.value] == pytest.approx(20)
    assert values_of(group)[MEAN_HU.value] == pytest.approx(20)


def test_one_class_and_an_unknown_one_are_outlines_too(told, blocks):
    marked = (blocks.lesions.labels > 0).astype(np.uint8)
    one = LesionMask(marked, blocks.ct.grid, INFECTION)
    report = told(lesions=one, segments={"Infection": 1})
    volume = group_of(report, "Outline: Infection").measurements[0]
    assert volume.value == pytest.approx(70)
    labels = blocks.lesions.labels.copy()
    labels[labels == 2] = UNKNOWN_CLASS
    unknown = {**SEGMENTS, "Infection, class unknown": 5}
    report = told(lesions=LesionMask(labels, blocks.ct.grid), segments=unknown)
    group = group_of(report, "Outline: Infection, class unknown")
    assert group.segment == 5
    assert group.measurements[0].value == pytest.approx(20)


def test_a_healthy_scan_has_zeros_and_no_density_of_infection(told, blocks):
    nothing = LesionMask(np.zeros(blocks.ct.grid.shape, np.uint8), blocks.ct.grid)
    report = told(lesions=nothing)
    both = values_of(group_of(report, "Both lungs"))
    assert both["PO"] == both["CT_SS"] == both["LSS"] == 0
    assert MEAN_HU.value not in both
    assert len(group_of(report, "Outline: Consolidation").measurements) == 1


def test_a_synthetic_scan_says_so_first(told, blocks):
    source = replace(blocks.ct.source, is_synthetic=True)
    comments = told(replace(blocks.ct, source=source)).comments
    assert comments[0] == "SYNTHETIC: the scan is no patient's."


def test_numbers_have_six_digits_as_a_pacs_shows_them_whole(told):
    right = values_of(group_of(told(), "Right lung"))
    assert right["PO"] == 8.33333
