"""Every score at its exact edges, on lungs of 400 voxels that one can count."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.severity.counts import RegionCount
from covseg_core.severity.regions import Region, Rung
from covseg_core.severity.scores import (
    CT_SS,
    FRANCONE_25,
    LHOS,
    LSS,
    PAN_25,
    level_of,
)
from covseg_core.severity.scoring import give_points

VOXELS = 400
# Infected voxels of 400: none, one, just below, at and above 5, 25, 50, 75 %; all.
EDGES = (0, 1, 19, 20, 21, 99, 100, 101, 199, 200, 201, 299, 300, 301, 399, 400)
POINTS = {
    CT_SS: (0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2),
    PAN_25: (0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5),
    FRANCONE_25: (0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5),
    LSS: (0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4),
    LHOS: (0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4),
}
CASES = [
    pytest.param(score, infected, points, id=f"{score.key}-{infected}")
    for score, all_points in POINTS.items()
    for infected, points in zip(EDGES, all_points, strict=True)
]


def count(key, infected, voxels=VOXELS, *, side="right", dense=0):
    region = Region(key, key.replace("_", " ").capitalize(), side)
    return RegionCount(region, voxels, infected, {"ggo": infected}, dense)


@pytest.mark.parametrize(("score", "infected", "points"), CASES)
def test_points_at_the_edges(score, infected, points):
    assert score.points(infected, VOXELS) == points


@pytest.mark.parametrize("score", POINTS, ids=lambda score: score.key)
def test_points_never_fall_when_more_is_infected(score):
    for voxels in (1, 3, 7, 20, 101):
        points = [score.points(infected, voxels) for infected in range(voxels + 1)]
        assert all(less <= more for less, more in pairwise(points))
        assert points[0] == 0
        assert points[-1] == score.most_points


def test_shares_that_no_float_holds_are_still_exact():
    # Half of an odd number of voxels is never reached exactly.
    huge = 2**53 + 1
    assert CT_SS.points(huge // 2, huge) == 1
    assert CT_SS.points(huge // 2 + 1, huge) == 2
    assert level_of(huge // 2, huge) == "severe"


def test_a_region_without_voxels_is_not_scorable_and_never_zero():
    counts = [count("a", 10), count("b", 0, 0), count("c", 0, side="left")]
    result = give_points(PAN_25, Rung.LOBES, counts)
    assert [one.points for one in result.regions] == [1, None, 0]
    assert result.regions[1].percent is None
    assert result.total is None
    assert result.of_side("right") is None
    assert result.of_side("left") == 0
    assert "Not scorable, as there is no voxel of it: b." in result.remarks[0]
    assert "2 regions have 1 of 10 points" in result.remarks[0]


def test_totals_are_sums_by_side():
    counts = [count("a", 1), count("b", 400), count("c", 100, side="left")]
    result = give_points(PAN_25, Rung.LOBES, counts)
    assert (result.total, result.maximum) == (8, 15)
    assert (result.of_side("right"), result.maximum_of("right")) == (6, 10)
    assert (result.of_side("left"), result.maximum_of("left")) == (2, 5)
    assert result.remarks == ()


def test_other_regions_than_the_published_ones_are_said():
    result = give_points(PAN_25, Rung.ZONES, [count("a", 1)])
    assert not result.is_as_published
    assert "not to be compared with published totals" in result.remarks[0]
    assert "the five lobes" in result.remarks[0]
    proxy = give_points(CT_SS, Rung.REGIONS20, [count("a", 1)])
    assert not proxy.is_as_published
    assert "a proxy, not segments" in proxy.remarks[0]


def test_high_opacity_scores_count_dense_voxels_only():
    result = give_points(LHOS, Rung.LOBES, [count("a", 400, dense=101)])
    assert result.total == 2
    assert result.regions[0].percent == pytest.approx(25.25)


def test_high_opacity_without_hounsfield_units_is_refused():
    with pytest.raises(InputRefusedError, match="high opacity score needs a scan in"):
        give_points(LHOS, Rung.LOBES, [count("a", 1, dense=None)])


def test_the_rule_is_told_in_words():
    assert (
        PAN_25.rule == "0: none; 1: < 5 %; 2: ≤ 25 %; 3: < 50 %; 4: ≤ 75 %; 5: > 75 %"
    )
    assert CT_SS.rule == "0: none; 1: < 50 %; 2: ≥ 50 %"


@pytest.mark.parametrize(
    ("infected", "level"),
    [
        (0, "regular"),
        (3, "regular"),
        (4, "severe"),
        (200, "severe"),
        (201, "critical"),
        (400, "critical"),
    ],
)
def test_levels_change_at_one_and_fifty_percent(infected, level):
    assert level_of(infected, VOXELS) == level


def test_numpy_integers_do_not_overflow():
    infected, voxels = np.int64(2**60), np.int64(2**61)
    assert CT_SS.points(int(infected), int(voxels)) == 2
