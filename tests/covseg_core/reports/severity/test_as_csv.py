from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from covseg_core.reports.severity.as_csv import COLUMNS, as_csv, row_of
from covseg_core.reports.severity.facts import Judgement
from covseg_core.severity.report import measure_report


@pytest.fixture
def row(block_case, block_report, block_facts):
    return row_of(block_case, block_report, block_facts)


def test_the_columns_stay_what_they_are(row):
    assert COLUMNS[:12] == (
        "covseg",
        "created_utc",
        "image_is_hu",
        "image_is_synthetic",
        "mask_kind",
        "mask_model",
        "mask_model_sha256",
        "mask_sha256",
        "rung",
        "level",
        "both_lung_ml",
        "both_ggo_ml",
    )
    assert len(COLUMNS) == len(set(COLUMNS)) == 84
    assert set(row) <= set(COLUMNS)


def test_a_row_has_the_volumes_and_scores_of_the_blocks(row):
    assert row["both_lung_ml"] == pytest.approx(1000)
    assert row["right_ggo_ml"] == pytest.approx(50)
    assert row["left_percent_opacity"] == pytest.approx(5)
    assert row["both_percent_high_opacity"] == pytest.approx(2)
    assert (row["pan_25_total"], row["pan_25_maximum"]) == (7, 30)
    assert row["pan_25_is_as_published"] == 0
    assert row["right_middle_zone_percent_opacity"] == pytest.approx(12.5)
    assert "right_upper_lobe_percent_opacity" not in row
    assert row["right_percent_of_infection"] == pytest.approx(100 * 50 / 70)
    assert row["infection_median_hu"] == -550
    assert row["laterality"] == "bilateral"
    assert row["mask_model_sha256"] == "ab" * 32


def test_a_written_row_reads_back_in_full_precision(row):
    (read,) = csv.DictReader(io.StringIO(as_csv([row])))
    assert tuple(read) == COLUMNS
    assert float(read["right_percent_opacity"]) == row["right_percent_opacity"]
    assert read["infection_median_hu"] == "-550"
    assert read["right_upper_lobe_percent_opacity"] == ""


def test_words_are_no_formulas_for_a_spreadsheet(row):
    written = as_csv([{**row, "mask_model": "=HYPERLINK(1)"}])
    (read,) = csv.DictReader(io.StringIO(written))
    assert read["mask_model"] == "'=HYPERLINK(1)"


def test_a_scan_without_hu_leaves_density_empty(block_case, block_facts):
    ct = replace(block_case.ct, is_hu=False)
    report = measure_report(ct, block_case.lesions, block_case.lungs)
    case = replace(block_case, ct=ct)
    judged = replace(block_facts, judgement=Judgement(co_rads=5, rsna="typical"))
    (read,) = csv.DictReader(io.StringIO(as_csv([row_of(case, report, judged)])))
    for column in ("infection_mean_hu", "both_percent_high_opacity", "lhos_total"):
        assert read[column] == ""
    assert (read["co_rads_by_reader"], read["rsna_by_reader"]) == ("5", "typical")
