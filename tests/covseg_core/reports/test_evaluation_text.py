from __future__ import annotations

import csv
import math

import pytest

from covseg_core.metrics.scores import PAPER_MEASURES
from covseg_core.metrics.summary import CaseScores, compare_cases, summarise
from covseg_core.reports.evaluation_text import (
    case_lines,
    cases_as_csv,
    comparison_lines,
    mean_lines,
    published_lines,
)


def case(name, value, **more):
    scores = dict.fromkeys(PAPER_MEASURES, value) | more
    sizes = {"truth_voxels": 7, "predicted_voxels": 0}
    return CaseScores(name, name, {"infection": scores | sizes})


CASES = [case("a", 0.5), case("b", 0.75, sensitivity=math.nan)]


def test_measures_come_in_the_order_of_the_papers():
    head, *rows = case_lines(CASES)[1:]
    assert head.split() == ["infection", "Dice", "Sen", "Spe", "S", "E", "MAE"]
    assert rows[0].split() == ["a", *["0.500"] * 6]
    assert rows[1].split() == ["b", "0.750", "-", *["0.750"] * 4]
    titles = [
        line.split()[0] for line in mean_lines(summarise(CASES, "infnet2020"))[2:]
    ]
    assert titles == ["Dice", "Sen", "Spe", "S", "E", "MAE"]


def test_means_show_both_intervals_and_count_what_is_undefined():
    dice, sensitivity, *_ = mean_lines(summarise(CASES, "infnet2020"))[2:]
    expected = "Dice 0.625 0.380 to 0.870 0.500 to 0.750 2"
    assert " ".join(dice.split()) == expected
    assert " ".join(sensitivity.split()) == "Sen 0.500 - - 1 1"


def test_many_cases_are_cut_in_the_terminal_only():
    many = [case(f"case {number}", 0.5) for number in range(33)]
    lines = case_lines(many)
    assert len(lines) == 2 + 30 + 1
    assert lines[-1] == "… and 3 more; --csv writes them all."
    assert len(cases_as_csv(many, "infnet2020").splitlines()) == 34


def test_a_comparison_shows_the_difference_with_its_sign():
    other = [case(each.name, 0.4) for each in CASES]
    dice = comparison_lines(compare_cases(other, CASES, "infnet2020"))[2]
    expected = "Dice 0.400 0.625 +0.225 +0.100 to +0.350 0.500 2"
    assert dice.split() == expected.split()


def test_a_tiny_p_value_is_not_shown_as_zero():
    cases = [case(str(number), 0.9) for number in range(30)]
    other = [case(str(number), 0.4) for number in range(30)]
    assert "< 0.001" in comparison_lines(compare_cases(other, cases, "infnet2020"))[2]


def test_the_spreadsheet_has_a_row_for_each_case_and_target():
    rows = list(csv.DictReader(cases_as_csv(CASES, "infnet2020").splitlines()))
    assert [(row["name"], row["target"]) for row in rows] == [
        ("a", "infection"),
        ("b", "infection"),
    ]
    assert rows[1]["sensitivity"] == ""
    assert float(rows[1]["mae"]) == 0.75
    assert rows[0]["truth_voxels"] == "7"
    assert "patient" not in rows[0]


@pytest.mark.parametrize(
    "row",
    [
        "Inf-Net infection 0.682 0.692 0.943 0.781 0.838 0.082 48 Fan 2020",
        "Semi-Inf-Net infection 0.739 0.725 0.960 0.800 0.894 0.064 48 Fan 2020",
        "Semi-Inf-Net + U-Net consolidation 0.362 - - - - - 48 Fan 2020",
        "VGG16 infection 0.733 0.699 0.966 0.782 0.893 0.063 50 Yildizhan",
    ],
)
def test_published_numbers_are_marked_as_not_measured_here(row):
    _, note, _, *rows = published_lines()
    assert "published by their authors" in note
    assert "not measured here" in note
    assert row.split() in [line.split() for line in rows]
