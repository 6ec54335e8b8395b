"""`covseg pseudo-label` with a network of random weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore
from covseg_core.learn.pseudo import Labeller


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        grey = np.random.default_rng(number).integers(0, 255, (40, 48), np.uint8)
        Image.fromarray(grey).save(folder / f"slice{number}.png")
    return folder


@pytest.fixture
def words(pictures, tiny_model, tmp_path):
    to = ("--to", tmp_path / "cases", "--model", tiny_model, "--device", "cpu")
    return ("pseudo-label", pictures, *to)


def test_scans_become_cases_and_a_second_run_changes_nothing(covseg, words, tmp_path):
    answer = covseg(*words)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].startswith("slice0: labelled as case-0001, confidence 0.")
    assert lines[-1].startswith("2 labelled, 0 labelled before, 0 left out")
    store = CaseStore(tmp_path / "cases")
    before = store.list_cases()
    assert [record.newest().model for record in before] == ["tiny", "tiny"]
    again = covseg(*words, "--json")
    assert [one["result"] for one in again.json] == ["known", "known"]
    assert again.json[0]["confidence"] == before[0].newest().confidence
    assert store.list_cases() == before


def test_unsure_scans_are_left_out_and_listed(covseg, words, tmp_path):
    answer = covseg(*words, "--confidence", 1)
    assert answer.code == 0
    assert answer.out.count("left out, confidence 0.") == 2
    assert "less sure than 1" in answer.out
    assert CaseStore(tmp_path / "cases").case_ids() == ()


def test_a_broken_scan_does_not_stop_the_others(covseg, words, pictures):
    (pictures / "slice0.png").write_bytes(b"no picture")
    answer = covseg(*words)
    assert answer.code == 3
    assert "slice1: labelled as case-0001" in answer.out
    assert "1 of 2 scans were refused, slice0 first: slice0.png is not" in answer.err


def test_ctrl_c_keeps_what_was_labelled(covseg, words, monkeypatch, tmp_path):
    plain = Labeller.label_scan

    def interrupted(self, store, scan, patient=None):
        if scan.name == "slice1":
            raise KeyboardInterrupt
        return (yield from plain(self, store, scan, patient))

    monkeypatch.setattr(Labeller, "label_scan", interrupted)
    answer = covseg(*words)
    assert answer.code == 130
    assert "stopped after 1 of 2 scans; go on with the same command" in answer.err
    assert CaseStore(tmp_path / "cases").case_ids() == ("case-0001",)


def test_what_makes_no_sense_is_refused(refused, words, tmp_path):
    assert "--confidence: " in refused(2, *words, "--confidence", 2)
    assert "no model 'nobody'" in refused(4, *words[:-3], "nobody")
    assert "finds lungs" in refused(4, *words[:-3], "lungs-small")
    nowhere = ("pseudo-label", tmp_path / "none", *words[2:])
    assert "no file or folder 'none'" in refused(3, *nowhere)
    assert not (tmp_path / "cases").exists()
