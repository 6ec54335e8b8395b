"""`covseg self-train` on a store of small scans."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore
from covseg_core.cli import run_progress
from covseg_core.learn.plan import run_folder
from covseg_core.registry.store import find_model

QUICK = ("--recipe", "u-net", "--batch-size", 8, "--device", "cpu")


@pytest.fixture
def store(tmp_path, blocks):
    """A case to learn from and one held out, both done."""
    made = CaseStore.create(tmp_path / "cases")
    for number, split in enumerate(("train", "held-out")):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        made.add_case(ct, case_id=split, lungs=blocks.lungs, split=split)
        made.add_mask(split, blocks.lesions, source="manual")
        made.set_state(split, "done")
    return made.root


@pytest.fixture
def picture(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (40, 48), np.uint8)
    Image.fromarray(grey).save(tmp_path / "slice.png")
    return tmp_path / "slice.png"


@pytest.fixture
def words(store, picture, tiny_model):
    return ("self-train", store, picture, "--name", "new", "--parent", tiny_model)


def test_lines_of_json_tell_scans_stages_steps_and_the_outcome(covseg, words):
    answer = covseg(*words, *QUICK, "--progress", "jsonl")
    events = [json.loads(line) for line in answer.out.splitlines()]
    kinds = list(dict.fromkeys(event["event"] for event in events))
    assert kinds == [
        "gathered",
        "prepared",
        "labelled",
        "stage",
        "step",
        "compared",
        "outcome",
    ]
    assert answer.code == (5 if events[-1]["worse"] else 0)
    assert find_model("new").card.training["pseudo_slices"] == 1
    again = covseg("self-train", words[1], "--name", "new", "--resume", "--json")
    assert again.json["model"] == "new"


def test_ctrl_c_stops_and_resume_goes_on_without_the_scans(covseg, words, monkeypatch):
    plain = run_progress.line_of

    def interrupt(event):
        if "round-0001" in plain(event):
            os.kill(os.getpid(), signal.SIGINT)
        return plain(event)

    with monkeypatch.context() as patch:
        patch.setattr(run_progress, "line_of", interrupt)
        answer = covseg(*words, *QUICK)
    assert answer.code == 130
    assert "slice: is case-0001" in answer.err
    assert "case-0001: labelled, confidence 0." in answer.err
    assert "go on with: covseg self-train CASES --name new --resume" in answer.err
    assert covseg(*words, *QUICK).code == 2  # it has begun
    again = covseg("self-train", words[1], "--name", "new", "--resume")
    assert again.code in (0, 5), again.err
    assert find_model("new").card.training["epochs_run"] == 1


def test_a_stop_before_the_first_round_tells_to_start_again(covseg, words, monkeypatch):
    plain = run_progress.line_of

    def interrupt(event):
        os.kill(os.getpid(), signal.SIGINT)
        return plain(event)

    monkeypatch.setattr(run_progress, "line_of", interrupt)
    answer = covseg(*words, *QUICK)
    assert answer.code == 130
    assert "before the first round; start again with the same command" in answer.err
    assert not run_folder("new").exists()
    assert CaseStore(words[1]).has("case-0001")


def test_what_makes_no_sense_is_refused(refused, words, store, tmp_path):
    begin = ("self-train", store)
    assert "--parent" in refused(2, *begin, words[2], "--name", "new")
    assert "at least one" in refused(2, *begin, *words[3:])
    resume = (*begin, "--name", "new", "--resume")
    assert "no run 'new'" in refused(2, *resume)
    assert "leave --group away" in refused(2, *resume, "--group", 3)
    assert "leave it away" in refused(2, *resume, "--parent", "tiny")
    assert "--group: " in refused(2, *words, "--group", 0)
    assert "no case store" in refused(3, "self-train", tmp_path, *words[2:])
