from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.labels import INFECTION
from covseg_core.severity.change import Visit, measure_change
from covseg_core.severity.report import measure_report
from covseg_core.volume import Grid


def visit(phantom, **changes):
    """Measure a phantom with other lesions, lungs or another scan."""
    phantom = replace(phantom, **changes)
    report = measure_report(phantom.ct, phantom.lesions, phantom.lungs)
    return Visit(phantom.lesions, phantom.lungs, report)


@pytest.fixture(scope="module")
def earlier(blocks):
    return visit(blocks)


@pytest.fixture(scope="module")
def later(blocks):
    """Half of the opacity is gone, the other half consolidated, 10 ml are new.

    The patient lies 30 mm further to the left.
    """
    labels = blocks.lesions.labels.copy()
    labels[6:11, 25:30, 20:30] = 0
    labels[6:11, 30:35, 20:30] = 2
    labels[12, 20:30, 75:85] = 1
    affine = blocks.grid.affine_lps.copy()
    affine[0, 3] += 30
    grid = Grid(blocks.grid.shape, affine)
    return visit(
        blocks,
        ct=replace(blocks.ct, grid=grid),
        lesions=replace(blocks.lesions, labels=labels, grid=grid),
        lungs=replace(blocks.lungs, grid=grid),
    )


@pytest.fixture(scope="module")
def change(earlier, later):
    return measure_change(earlier, later, days=5)


def test_volumes_change_by_class_and_day(change):
    # Ground glass 50 to 10 ml, consolidation 20 to 45 ml.
    infection, ggo = change.volumes_ml["infection"], change.volumes_ml["ggo"]
    assert (infection.earlier, infection.later) == pytest.approx((70, 55))
    assert infection.difference == pytest.approx(-15)
    assert infection.percent == pytest.approx(-100 * 15 / 70)
    assert infection.per_day == pytest.approx(-3)
    assert ggo.difference == pytest.approx(-40)
    assert change.volumes_ml["consolidation"].percent == pytest.approx(125)
    assert change.volumes_ml["lung"].difference == pytest.approx(0)


def test_opacity_changes_in_percentage_points(change):
    assert change.percent_opacity["both"].difference == pytest.approx(-1.5)
    right = change.percent_opacity["right"]
    assert right.difference == pytest.approx(100 * (25 - 50) / 600)
    assert right.percent == pytest.approx(-50)
    assert change.percent_opacity["left"].later == pytest.approx(100 * 30 / 400)


def test_places_are_compared_where_the_lungs_lie_now(change):
    assert change.match.rigid.shift_mm == pytest.approx([30, 0, 0], abs=0.5)
    assert change.match.dice_after > 0.99 > change.match.dice_before
    places = change.places
    assert places.new_ml == pytest.approx(10)
    assert places.resolved_ml == pytest.approx(25)
    assert places.persistent_ml == pytest.approx(45)
    assert places.denser_ml == pytest.approx(25)
    assert places.lighter_ml == 0
    assert change.map.volumes_ml["new"] == pytest.approx(10)
    assert change.remarks == ()


def test_scores_change_by_region(change, earlier, later):
    by_key = {one.key: one for one in change.scores}
    for score in earlier.report.scores:
        key = score.definition.key
        new = later.report.score(key)
        assert by_key[key].difference == new.total - score.total
        assert [one.difference for one in by_key[key].regions] == [
            b.points - a.points for a, b in zip(score.regions, new.regions, strict=True)
        ]
    assert any(one.difference for one in by_key["ct_ss"].regions)


def test_without_days_there_is_no_rate(earlier):
    found = measure_change(earlier, earlier)
    assert found.days is None
    assert found.volumes_ml["infection"].per_day is None
    assert found.places.new_ml == found.places.resolved_ml == 0
    assert found.places.persistent_ml == pytest.approx(70)


def test_from_nothing_there_is_no_percentage(blocks, earlier):
    labels = np.zeros_like(blocks.lesions.labels)
    healthy = visit(blocks, lesions=replace(blocks.lesions, labels=labels))
    found = measure_change(healthy, earlier)
    assert found.volumes_ml["infection"].percent is None
    assert found.volumes_ml["infection"].difference == pytest.approx(70)
    assert found.places.new_ml == pytest.approx(70)


def test_masks_with_and_without_classes_are_compared_as_infection(blocks, earlier):
    labels = (blocks.lesions.labels > 0).astype(np.uint8)
    single = visit(
        blocks, lesions=replace(blocks.lesions, labels=labels, label_set=INFECTION)
    )
    found = measure_change(earlier, single)
    assert list(found.volumes_ml) == ["infection", "lung"]
    assert found.places.denser_ml is None
    assert "Only one of the masks tells classes apart" in found.remarks[0]


def cut(phantom, start):
    """Measure a scan that begins only at (slice, row, column)."""
    box = tuple(slice(first, None) for first in start)
    affine = phantom.grid.affine_lps.copy()
    affine[:3, 3] = phantom.grid.world_mm(start)
    grid = Grid(phantom.ct.hu[box].shape, affine)
    return visit(
        phantom,
        ct=replace(phantom.ct, hu=phantom.ct.hu[box], grid=grid),
        lesions=replace(phantom.lesions, labels=phantom.lesions.labels[box], grid=grid),
        lungs=replace(phantom.lungs, labels=phantom.lungs.labels[box], grid=grid),
    )


def test_infection_outside_the_later_scan_is_remarked(blocks, earlier):
    # The later scan misses the outer 10 of 25 columns of the right lung, and with
    # them 8 of the 10 columns of its opacity.
    found = measure_change(earlier, cut(blocks, (0, 0, 28)))
    assert any("lie outside the later scan" in remark for remark in found.remarks)
    assert found.places.resolved_ml < 10


def test_lungs_that_a_scan_cuts_off_are_remarked(blocks, earlier):
    found = measure_change(earlier, cut(blocks, (8, 0, 0)))
    assert "The later scan seems to cut the lungs off" in found.remarks[0]


def test_scores_of_other_regions_are_not_compared(earlier):
    report = earlier.report
    fewer = replace(earlier, report=replace(report, scores=report.scores[:1]))
    found = measure_change(earlier, fewer)
    assert [one.key for one in found.scores] == ["ct_ss"]
    assert "not given to the same regions both times" in found.remarks[0]


@pytest.mark.parametrize("days", [0, -3, float("nan")])
def test_scans_out_of_order_are_refused(earlier, days):
    with pytest.raises(UsageError, match="a number above 0 is needed"):
        measure_change(earlier, earlier, days=days)


def test_empty_lungs_are_refused(earlier):
    empty = replace(earlier.lungs, labels=np.zeros_like(earlier.lungs.labels))
    with pytest.raises(InputRefusedError, match="of the later scan is empty"):
        measure_change(earlier, replace(earlier, lungs=empty))


def test_all_values_fit_into_json(change):
    document = change.as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["scores"]["ct_ss"]["regions"][0]["key"]
