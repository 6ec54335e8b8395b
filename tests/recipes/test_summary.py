from __future__ import annotations

import numpy as np
import pytest
from summary import (
    answer_of,
    reliability_of,
    summarise_sources,
    temperature_of,
    threshold_of,
)

from covseg_core.metrics.calibration import Reliability


def row(case, source, given=None, found=None, patient=None):
    ways = {"given": given, "found": found}
    return {
        "case": case,
        "patient": patient or case,
        "source": source,
        "slices": 2,
    } | ways


def scored(dice, **more):
    return {"dice": dice, "mean_dice": dice, "classes": {}, "false_ml": None} | more


def test_a_source_is_averaged_over_its_own_cases():
    rows = [
        row("a", "pictures", given=scored(0.6)),
        row("b", "pictures", given=scored(0.8, classes={"ggo": 0.5})),
        row("c", "volumes", given=scored(0.9), found=scored(0.7)),
    ]
    told = summarise_sources(rows)
    assert list(told) == ["pictures", "volumes"]
    pictures = told["pictures"]
    assert [pictures[key] for key in ("patients", "cases", "slices")] == [2, 2, 4]
    assert pictures["found"] is None
    dice = pictures["given"]["dice"]
    assert (dice["mean"], dice["low"], dice["high"], dice["n"]) == (0.7, 0.6, 0.8, 2)
    assert pictures["given"]["ggo"]["n"] == 1
    assert "false_ml" not in pictures["given"]
    one = told["volumes"]["found"]["dice"]
    assert one == {"mean": 0.7, "low": None, "high": None, "n": 1}


def test_cases_of_one_patient_count_as_one_for_the_interval():
    rows = [row(case, "s", given=scored(0.5), patient="p") for case in "ab"]
    told = summarise_sources(rows)["s"]
    assert (told["patients"], told["given"]["dice"]["low"]) == (1, None)


def test_a_healthy_scan_has_no_dice_and_a_refused_one_is_told():
    healthy = scored(None, false_ml=3.0)
    told = summarise_sources([row("a", "s", found=healthy)])["s"]["found"]
    assert told["false_ml"]["mean"] == 3.0
    assert "dice" not in told
    refused = {"refused": True, "dice": 0.0, "mean_dice": 0.0}
    rows = [row("a", "s", found=refused), row("b", "s", found=scored(1.0))]
    told = summarise_sources(rows)["s"]["found"]
    assert (told["refused"], told["dice"]["mean"]) == (1, 0.5)


def test_what_a_user_gets_who_outlines_no_lungs_comes_first():
    given, found = scored(0.9), scored(0.7)
    assert answer_of(row("a", "s", given, found)) is found
    assert answer_of(row("a", "s", given)) is given


def test_sources_count_alike_for_the_threshold_however_many_cases_they_have():
    low, high = np.full(101, 0.4), np.full(101, 0.4)
    low[30], high[70] = 0.6, 0.8
    rows = [row(str(i), "many", given=scored(0.4, curve=list(low))) for i in range(9)]
    rows.append(row("x", "one", given=scored(0.4, curve=list(high))))
    told = threshold_of(rows)
    # 0.3: (0.6 + 0.4) / 2; 0.7: (0.4 + 0.8) / 2
    assert told == {"best": 0.7, "mean_dice": 0.6, "mean_dice_at_half": 0.4}


def too_sure(temperature):
    """Voxels whose probability is too far from a half by a known temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 200_000)
    truth = rng.random(200_000) < 1 / (1 + np.exp(-logits))
    told = 1 / (1 + np.exp(-logits * temperature))
    return Reliability.of(told.astype(np.float32), truth)


def test_the_temperature_is_that_of_all_cases_together():
    counted = too_sure(2.0)
    half = {"reliability": counted.as_dict()}
    rows = [
        row("a", "s", given=half),
        row("b", "t", found=half),
        row("c", "t", found={}),
    ]
    assert reliability_of(rows).n == 2 * counted.n
    found = temperature_of(rows)
    assert 1.5 < found < 2.0
    assert counted.ece(found) == pytest.approx(0.01, abs=0.001)


def test_probabilities_that_agree_well_enough_are_left_as_they_are():
    counted = too_sure(1.02)
    assert counted.best_temperature() == pytest.approx(1.02, abs=0.01)
    rows = [row("a", "s", given={"reliability": counted.as_dict()})]
    assert temperature_of(rows) == 1


def test_the_lowest_error_is_taken_where_none_is_good_enough():
    flat = np.full(1000, 0.8, np.float32), np.arange(1000) < 500
    wild = np.full(1000, 0.2, np.float32), np.arange(1000) < 900
    counted = Reliability.of(*flat) + Reliability.of(*wild)
    rows = [row("a", "s", given={"reliability": counted.as_dict()})]
    lowest = counted.ece(temperature_of(rows))
    way = np.geomspace(1, counted.best_temperature(), 20)
    assert lowest <= min(counted.ece(each) for each in way) + 1e-3
    assert 0.1 < lowest < counted.ece() - 0.1


def test_a_temperature_that_is_likelier_and_errs_more_is_not_taken():
    rare = np.full(40_000, 0.02, np.float32), np.arange(40_000) < 800
    wild = np.full(10_000, 0.95, np.float32), np.arange(10_000) < 6_000
    counted = Reliability.of(*rare) + Reliability.of(*wild)
    likeliest = counted.best_temperature()
    assert likeliest > 1.5
    assert counted.ece(likeliest) > counted.ece() > 0.01
    rows = [row("a", "s", given={"reliability": counted.as_dict()})]
    assert temperature_of(rows) == 1
