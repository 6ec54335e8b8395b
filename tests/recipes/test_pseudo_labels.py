from __future__ import annotations

import sys

import numpy as np
import pseudo_labels
import pytest
from tiny import small_picture

from covseg_core.cases.store import CaseStore
from covseg_core.learn.pseudo import Labelled


@pytest.fixture
def unread(store):
    """Add three pictures without a mask, and a scan without one."""
    for number in range(3):
        picture, _ = small_picture(90 + number)
        store.add_case(picture, case_id=f"case001_00{number}", split="train")
    return store


@pytest.fixture
def told(monkeypatch):
    """Let a labeller tell which cases it is asked about."""
    asked = []

    class Telling:
        def __init__(self, model, settings, lungs):
            asked.append((model, lungs))

        def label_case(self, store, name):
            asked.append((store.root.name, name))
            return Labelled(name, "labelled" if len(asked) == 2 else "known")
            yield

    monkeypatch.setattr(pseudo_labels, "WidePictureLabeller", Telling)
    monkeypatch.setattr(pseudo_labels, "find_model", str)
    monkeypatch.setattr(pseudo_labels, "load_model", str)
    return asked


def test_every_second_unread_picture_of_a_copy_is_labelled(
    unread, tmp_path, told, monkeypatch, capsys
):
    words = ["--store", unread.root, "--to", tmp_path / "new", "--model", "first"]
    words += ["--lungs", "lungs"]
    monkeypatch.setattr(sys, "argv", ["pseudo", *map(str, words)])
    pseudo_labels.main()
    assert told == [("first", "lungs"), ("new", "case001_000"), ("new", "case001_002")]
    assert capsys.readouterr().out == "2 pictures, 1 of them labelled now\n"


def test_a_picture_stays_unread_whatever_a_model_says(unread):
    _, mask = small_picture(90)
    unread.add_mask("case001_001", mask, source="model", model="first")
    assert len(pseudo_labels.unread_pictures(unread)) == 3
    unread.add_mask("case001_001", mask, source="edited", parent=1)
    assert pseudo_labels.unread_pictures(unread) == ["case001_000", "case001_002"]


def test_a_copy_that_was_cut_off_is_made_anew_and_a_whole_one_kept(store, tmp_path):
    half = tmp_path / ".new.half"
    half.mkdir()
    (half / "rest").touch()
    made = pseudo_labels.copy_store(store.root, tmp_path / "new")
    assert made.case_ids() == store.case_ids()
    assert not half.exists()
    made.add_mask("slice-00", small_picture(1)[1], source="manual")
    again = pseudo_labels.copy_store(store.root, tmp_path / "new")
    assert isinstance(again, CaseStore)
    assert len(again.read("slice-00").versions) == 2
    assert np.array_equal(again.ct("slice-00").hu, store.ct("slice-00").hu)
