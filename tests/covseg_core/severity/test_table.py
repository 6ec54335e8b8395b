from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import INFECTION, LESIONS
from covseg_core.severity.report import measure_report
from covseg_core.severity.table import as_csv, as_text, rows_of
from covseg_core.volume import LesionMask


@pytest.fixture
def rows(blocks):
    report = measure_report(blocks.ct, blocks.lesions, blocks.lungs)
    return rows_of(report, LESIONS)


def test_each_score_has_a_value_for_each_lung(rows):
    assert {row.title: row.words for row in rows if row.score.unit != "points"} == {
        "Lung (ml)": ("600.0", "400.0", "1000"),
        "Ground-glass opacity (ml)": ("50.0", "0.0", "50.0"),
        "Consolidation (ml)": ("0.0", "20.0", "20.0"),
        "All infection (ml)": ("50.0", "20.0", "70.0"),
        "Opacity (%)": ("8.3", "5.0", "7.0"),
        "High opacity (%)": ("0.0", "5.0", "2.0"),
    }


def test_single_class_is_listed_once(blocks):
    labels = (blocks.lesions.labels > 0).astype(np.uint8)
    mask = LesionMask(labels, blocks.grid, INFECTION)
    rows = rows_of(measure_report(blocks.ct, mask, blocks.lungs), INFECTION)
    assert [row.title for row in rows][:4] == [
        "Lung (ml)",
        "Infection (ml)",
        "Opacity (%)",
        "High opacity (%)",
    ]
    assert rows[1].values == pytest.approx((50, 20, 70))


def test_every_score_is_told_in_a_sentence(rows):
    assert all(row.score.help.endswith(".") for row in rows)


def test_points_stand_beside_the_most_there_could_be(rows):
    points = {row.title: row.words for row in rows if row.score.unit == "points"}
    assert points["CT-SS *"][2].endswith("/40")
    assert points["25-point score *"][0].endswith("/15")
    help_of = {row.title: row.score.help for row in rows}
    assert "a proxy, not segments" in help_of["CT-SS *"]


def test_points_of_a_lung_that_is_not_there_are_a_dash(blocks):
    labels = np.where(blocks.lungs.labels == 1, 1, 0).astype(np.uint8)
    report = measure_report(
        blocks.ct, blocks.lesions, replace(blocks.lungs, labels=labels)
    )
    row = rows_of(report, LESIONS)[-1]
    assert row.words[1:] == ("–/12", "–/24")
    assert as_csv([row]).endswith(",,\n")


def test_undefined_values_are_a_dash_on_screen_and_empty_in_csv(blocks):
    grey = replace(blocks.ct, is_hu=False)
    rows = rows_of(measure_report(grey, blocks.lesions, blocks.lungs), LESIONS)
    high = next(row for row in rows if row.score.title == "High opacity")
    assert high.words == ("–", "–", "–")
    assert as_csv([high]).endswith("\nHigh opacity,%,,,\n")
    assert "High opacity score *" not in [row.title for row in rows]


def test_text_has_tabs_between_columns(rows):
    lines = as_text(rows).split("\n")
    assert lines[0] == "Score\tRight\tLeft\tBoth"
    assert lines[1] == "Lung (ml)\t600.0\t400.0\t1000"
    assert len(lines) == 1 + len(rows)


def test_csv_holds_the_values_in_full_precision(rows):
    table = list(csv.DictReader(as_csv(rows).splitlines()))
    assert [row["unit"] for row in table] == ["ml"] * 4 + ["%"] * 2 + ["points"] * 5
    assert float(table[4]["right"]) == pytest.approx(100 * 50 / 600, abs=1e-12)
