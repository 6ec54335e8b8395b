from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.io.nifti import write_nifti_labels
from covseg_core.reports.severity import cohort as module


@pytest.fixture
def cohort(covseg, filled, other_scan, picture, picture_mask, lungs):
    """A store with a scan, one without a mask and a picture."""
    for words in (("--ct", other_scan), ("--ct", picture, "--mask", picture_mask)):
        answer = covseg("cases", "add", filled, *words)
        assert answer.code == 0, answer.err
    return filled


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def test_every_case_has_a_row_or_a_reason(covseg, cohort, tmp_path):
    table = tmp_path / "new" / "cohort.csv"
    answer = covseg("cases", "severity", cohort, "-o", table)
    assert answer.code == 0, answer.err
    assert "case-0002: not scored: the case has no mask yet" in answer.out
    assert "1 of 3 cases scored" in answer.out
    found = rows(table)
    assert list(found) == ["case-0001", "case-0002", "case-0003"]
    first = found["case-0001"]
    assert first["mask_version"] == "1"
    assert first["mask_kind"] == "manual"
    assert float(first["both_infection_ml"]) == pytest.approx(70)
    assert len(first["mask_file_sha256"]) == 64
    assert "no voxel size" in found["case-0003"]["not_scored_because"]
    assert found["case-0003"]["both_infection_ml"] == ""


def test_the_newest_mask_of_a_person_comes_before_a_models(
    covseg, filled, blocks, lesions, tmp_path
):
    words = ("--case", "case-0001", "--mask", lesions, "--source", "model")
    covseg("cases", "add", filled, *words)
    table = tmp_path / "cohort.csv"
    covseg("cases", "severity", filled, "-o", table)
    assert rows(table)["case-0001"]["mask_version"] == "1"


def test_a_second_run_measures_only_what_changed(
    covseg, cohort, lesions, tmp_path, monkeypatch
):
    table = tmp_path / "cohort.csv"
    covseg("cases", "severity", cohort, "-o", table)
    first = table.read_bytes()
    measured = []

    def count(*masks, **more):
        measured.append(masks)
        return measure(*masks, **more)

    measure = module.measure_report
    monkeypatch.setattr(module, "measure_report", count)
    assert covseg("cases", "severity", cohort, "-o", table).code == 0
    assert measured == []
    assert rows(table)["case-0001"] == next(csv.DictReader(first.decode().splitlines()))
    covseg("cases", "add", cohort, "--case", "case-0002", "--mask", lesions)
    covseg("cases", "severity", cohort, "-o", table)
    assert len(measured) == 1
    assert rows(table)["case-0002"]["not_scored_because"] == ""


def test_the_same_file_with_another_meaning_is_measured_again(
    covseg, store, scan, lesions, blocks, tmp_path
):
    labels = (blocks.lesions.labels > 0).astype(np.uint8)
    write_nifti_labels(lesions, replace(blocks.lesions, labels=labels))
    table = tmp_path / "cohort.csv"
    covseg("cases", "add", store, "--ct", scan, "--mask", lesions)
    covseg("cases", "severity", store, "-o", table)
    first = rows(table)["case-0001"]
    assert float(first["both_ggo_ml"]) == pytest.approx(70)
    words = ("--mask", lesions, "--labels", "infection", "--source", "edited")
    covseg("cases", "add", store, "--case", "case-0001", *words)
    covseg("cases", "severity", store, "-o", table)
    again = rows(table)["case-0001"]
    assert again["mask_file_sha256"] == first["mask_file_sha256"]
    assert (again["mask_version"], again["mask_kind"]) == ("2", "edited")
    assert again["both_ggo_ml"] == ""
    assert float(again["both_infection_ml"]) == pytest.approx(70)


def test_a_run_that_is_stopped_keeps_what_it_has(
    covseg, filled, other_scan, lesions, tmp_path, monkeypatch
):
    covseg("cases", "add", filled, "--ct", other_scan, "--mask", lesions)
    table = tmp_path / "cohort.csv"
    measure = module.measure_report
    calls = []

    def stop(*masks, **more):
        calls.append(masks)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(*masks, **more)

    monkeypatch.setattr(module, "measure_report", stop)
    answer = covseg("cases", "severity", filled, "-o", table)
    assert answer.code == 130
    assert "go on with: covseg cases severity" in answer.err
    assert list(rows(table)) == ["case-0001"]
    assert covseg("cases", "severity", filled, "-o", table).code == 0
    assert len(calls) == 3
    assert list(rows(table)) == ["case-0001", "case-0002"]


def test_a_damaged_case_is_listed_and_the_others_are_scored(
    covseg, filled, other_scan, lesions, tmp_path
):
    covseg("cases", "add", filled, "--ct", other_scan, "--mask", lesions)
    shutil.copy(lesions, filled / "case-0001" / "ct.nii.gz")
    table = tmp_path / "cohort.csv"
    document = covseg("cases", "severity", filled, "-o", table, "--json").json
    assert document["scored"] == 1
    assert "was changed after it was recorded" in document["not_scored"]["case-0001"]
    assert rows(table)["case-0002"]["not_scored_because"] == ""


def test_other_files_are_not_replaced(refused, filled, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("name,patient\na,b\n")
    line = refused(2, "cases", "severity", filled, "-o", other)
    assert "no table of scores" in line
    assert other.read_text() == "name,patient\na,b\n"
    line = refused(2, "cases", "severity", filled, "-o", tmp_path / "x.json")
    assert "must end in .csv" in line
