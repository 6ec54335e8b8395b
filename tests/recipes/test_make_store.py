from __future__ import annotations

import sys

import make_store
import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two labelled pictures and three unlabelled ones of two patients."""
    monkeypatch.setattr(make_store, "MEDSEG_CASES", ())
    monkeypatch.setattr(make_store, "HEALTHY_CASES", ())
    for part in (
        "slices_labelled/images",
        "slices_labelled/masks",
        "slices_unlabelled",
    ):
        (tmp_path / "data" / part).mkdir(parents=True)
    grey = (np.arange(1600) % 256).astype(np.uint8).reshape(40, 40)
    for number in range(2):
        labels = np.zeros((40, 40), np.uint8)
        labels[5:9, 5:9] = 1 + number
        save(tmp_path, f"slices_labelled/images/{number:02d}.png", grey + number)
        save(tmp_path, f"slices_labelled/masks/{number:02d}.png", labels)
    for number, name in enumerate(("case001_001", "case001_002", "case002_001")):
        save(tmp_path, f"slices_unlabelled/{name}.png", grey + 10 + number)
    return tmp_path / "data"


def save(folder, name, pixels):
    Image.fromarray(pixels).save(folder / "data" / name)


def fill(monkeypatch, data, root):
    words = ["--data", str(data), "--store", str(root), "--every", "1"]
    monkeypatch.setattr(sys, "argv", ["make_store", *words])
    make_store.main()
    return CaseStore(root)


def test_every_case_is_there_to_learn_from(data, tmp_path, monkeypatch):
    store = fill(monkeypatch, data, tmp_path / "cases")
    records = {record.case_id: record for record in store.list_cases()}
    labelled, unlabelled = ["slice-00", "slice-01"], ["case001_001", "case001_002"]
    assert list(records) == [*unlabelled, "case002_001", *labelled]
    assert {record.split for record in records.values()} == {"train"}
    assert [records[name].state for name in labelled] == ["done", "done"]
    assert set(np.unique(store.mask("slice-01").labels)) == {0, 2}


def test_slices_of_one_patient_are_known_as_such(data, tmp_path, monkeypatch):
    store = fill(monkeypatch, data, tmp_path / "cases")
    names = "case001_001", "case001_002", "case002_001"
    first, second, other = (store.read(name).patient for name in names)
    assert first == second != other


def test_a_store_that_was_cut_short_is_gone_on_with(
    data, tmp_path, monkeypatch, capsys
):
    store = CaseStore.create(tmp_path / "cases")
    name, facts, read = next(make_store.labelled_cases(data))
    make_store.add(store, name, read().ct, facts, patient=name)
    store = fill(monkeypatch, data, tmp_path / "cases")
    assert store.read("slice-00").state == "done"
    assert len(store.list_cases()) == 5
    capsys.readouterr()
    fill(monkeypatch, data, tmp_path / "cases")
    assert capsys.readouterr().out == "3 slices without masks\n"
