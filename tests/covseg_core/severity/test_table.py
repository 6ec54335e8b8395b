from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import INFECTION, LESIONS
from covseg_core.severity.opacity import measure_opacity
from covseg_core.severity.table import as_csv, as_text, rows_of, scores_of
from covseg_core.volume import LesionMask


@pytest.fixture
def rows(blocks):
    report = measure_opacity(blocks.ct, blocks.lesions, blocks.lungs)
    return rows_of(report, LESIONS)


def test_each_score_has_a_value_for_each_lung(rows):
    assert {row.title: row.words for row in rows} == {
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
    rows = rows_of(measure_opacity(blocks.ct, mask, blocks.lungs), INFECTION)
    assert [row.title for row in rows] == [
        "Lung (ml)",
        "Infection (ml)",
        "Opacity (%)",
        "High opacity (%)",
    ]
    assert rows[1].values == pytest.approx((50, 20, 70))


def test_every_score_is_told_in_a_sentence():
    assert all(score.help.endswith(".") for score in scores_of(LESIONS))


def test_undefined_values_are_a_dash_on_screen_and_empty_in_csv(blocks):
    grey = replace(blocks.ct, is_hu=False)
    rows = rows_of(measure_opacity(grey, blocks.lesions, blocks.lungs), LESIONS)
    assert rows[-1].words == ("–", "–", "–")
    assert as_csv(rows).endswith("\nHigh opacity,%,,,\n")


def test_text_has_tabs_between_columns(rows):
    lines = as_text(rows).split("\n")
    assert lines[0] == "Score\tRight\tLeft\tBoth"
    assert lines[1] == "Lung (ml)\t600.0\t400.0\t1000"
    assert len(lines) == 7


def test_csv_holds_the_values_in_full_precision(rows):
    table = list(csv.DictReader(as_csv(rows).splitlines()))
    assert [row["unit"] for row in table] == ["ml"] * 4 + ["%"] * 2
    assert float(table[4]["right"]) == pytest.approx(100 * 50 / 600, abs=1e-12)
