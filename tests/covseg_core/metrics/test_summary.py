from __future__ import annotations

import math

import pytest

from covseg_core.metrics.intervals import bootstrap_interval, mean_interval
from covseg_core.metrics.summary import (
    CaseScores,
    compare_cases,
    plain,
    summarise,
    targets_of,
)


def case(name, patient, dice, **targets):
    scores = {"infection": {"dice": dice, "precision": math.nan}}
    return CaseScores(name, patient, scores | targets)


CASES = [
    case("a", "p", 0.5, ggo={"dice": 0.25}),
    case("b", "p", 0.7),
    case("c", "q", 0.9, ggo={"dice": math.nan}),
]


def test_means_carry_both_intervals():
    mean = summarise(CASES, "standard")["infection"]["dice"]
    normal = mean_interval([0.5, 0.7, 0.9])
    resampled = bootstrap_interval([0.5, 0.7, 0.9], ["p", "p", "q"])
    assert (mean["mean"], mean["low"], mean["high"]) == (
        normal.mean,
        normal.low,
        normal.high,
    )
    assert mean["bootstrap_low"] == resampled.low
    assert mean["bootstrap_high"] == resampled.high
    assert (mean["n"], mean["undefined"]) == (3, 0)


def test_undefined_measures_are_left_out_and_counted():
    means = summarise(CASES, "standard")
    assert means["infection"]["precision"]["undefined"] == 3
    assert math.isnan(means["infection"]["precision"]["mean"])
    ggo = means["ggo"]["dice"]
    # Case b is no case of opacity, case c has no defined value.
    assert (ggo["mean"], ggo["n"], ggo["undefined"]) == (0.25, 1, 1)


def test_a_measure_that_no_case_has_is_absent():
    assert list(summarise(CASES, "standard")["infection"]) == ["dice", "precision"]


def test_targets_are_listed_infection_first():
    assert targets_of(CASES[::-1]) == ("infection", "ggo")


def test_two_models_are_compared_on_what_both_have():
    other = [case("a", "p", 0.4), case("b", "p", 0.7), case("c", "q", 0.6)]
    compared = compare_cases(other, CASES, "standard")
    assert list(compared) == ["infection"]
    dice = compared["infection"]["dice"]
    assert dice["difference"] == pytest.approx(0.4 / 3)
    # Two patients, both better: two of the four flips are as far.
    assert dice["p_value"] == 0.5
    assert "precision" not in compared["infection"]


def test_models_with_other_cases_cannot_be_compared():
    with pytest.raises(ValueError, match="on the same cases"):
        compare_cases(CASES[:2], CASES, "standard")


def test_what_is_no_number_becomes_none():
    nested = {"a": [math.nan, 1.5, {"b": math.inf}], "c": ("x", 2)}
    assert plain(nested) == {"a": [None, 1.5, {"b": None}], "c": ["x", 2]}
