from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.cli.inspect import describe
from covseg_core.io.dicom.write import write_dicom_series


def test_a_scan_is_told_as_json(covseg, scan, blocks):
    document = covseg("inspect", scan, "--json").json
    assert document["shape_zyx"] == [20, 48, 112]
    assert document["spacing_mm_zyx"] == pytest.approx([8, 5, 2.5])
    assert document["origin_lps_mm"] == pytest.approx([-140, -120, -900])
    np.testing.assert_allclose(document["direction_lps"], np.eye(3), atol=1e-6)
    assert (document["hu_min"], document["hu_max"]) == (-1000, 40)
    assert document["hu_mean"] == pytest.approx(blocks.ct.hu.mean(), rel=1e-4)
    assert document["series_uid"] == ""
    assert document["is_hu"] is True
    assert document["ignored"] == []
    assert document["notes"] == []


def test_padding_takes_no_part_in_the_figures(blocks):
    padding = blocks.ct.hu < -900
    document = describe(replace(blocks.ct, padding=padding))
    assert document["hu_min"] == -850
    nothing = describe(replace(blocks.ct, padding=np.ones_like(padding)))
    assert nothing["hu_min"] is nothing["hu_max"] is nothing["hu_mean"] is None


def test_text_tells_the_same(covseg, dicom):
    answer = covseg("inspect", dicom)
    assert answer.code == 0
    assert "shape_zyx       (20, 48, 112)" in answer.out
    assert "ignored         none" in answer.out


def test_what_was_ignored_is_listed(covseg, blocks, tmp_path):
    write_dicom_series(blocks.ct, tmp_path)
    (tmp_path / "letter.txt").write_text("dear reader")
    document = covseg("inspect", tmp_path, "--json").json
    assert len(document["ignored"]) == 1
    assert "letter.txt" in document["ignored"][0]
    assert "  - " in covseg("inspect", tmp_path).out


def test_several_series_are_listed_and_one_can_be_chosen(covseg, blocks, tmp_path):
    later = replace(blocks.ct, hu=blocks.ct.hu + 1)
    for name, ct in (("one", blocks.ct), ("two", later)):
        write_dicom_series(ct, tmp_path / name)
    answer = covseg("inspect", tmp_path, "--json")
    assert answer.code == 3
    assert answer.err.startswith("covseg: ")
    assert answer.err.count("\n") == 1
    series = json.loads(answer.out)["series"]
    assert [each["slices"] for each in series] == [20, 20]
    uids = [each["series_uid"] for each in series]
    assert len(set(uids)) == 2
    chosen = covseg("inspect", tmp_path, "--series", uids[1], "--json").json
    assert chosen["series_uid"] == uids[1]
    lines = covseg("inspect", tmp_path).out.splitlines()
    assert [line.split()[0] for line in lines] == uids


def test_what_is_not_there_is_refused(refused, tmp_path):
    line = refused(3, "inspect", tmp_path / "absent")
    assert line == "covseg: there is no file or folder 'absent'.\n"
