from __future__ import annotations

import json

import numpy as np

from covseg_core.cases.freeze import freeze
from covseg_core.cases.store import CaseStore
from covseg_core.volume import CTVolume, Grid, LesionMask


def test_finished_cases_are_written_for_nnunet(covseg, filled, tmp_path):
    words = ["--to", "nnunet", "-o", tmp_path / "out", "--name", "Dataset042_Covid"]
    answer = covseg("cases", "export", filled, *words)
    folder = tmp_path / "out" / "Dataset042_Covid"
    assert answer.code == 0, answer.err
    assert answer.out == f"wrote {folder}: 1 train, 0 validation, 0 held-out\n"
    assert (folder / "imagesTr" / "case-0001_0000.nii.gz").is_file()
    assert json.loads((folder / "dataset.json").read_text())["numTraining"] == 1


def test_finished_cases_are_written_for_monai(covseg, filled, tmp_path):
    words = ["--to", "monai", "-o", tmp_path / "out", "--json"]
    told = covseg("cases", "export", filled, *words).json
    assert told == {
        "output": str(tmp_path / "out"),
        "sha256": freeze(CaseStore(filled)).sha256,
        "cases": {"train": 1, "validation": 0, "held-out": 0},
    }
    assert (tmp_path / "out" / "labels" / "case-0001.nii.gz").is_file()


def test_what_cannot_be_exported_is_refused(refused, covseg, filled, tmp_path):
    words = ["cases", "export", filled, "--to", "monai", "-o"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert "is not empty" in refused(2, *words, tmp_path / "full")
    assert "must be a new folder" in refused(2, *words, tmp_path / "out.nii.gz")
    for inside in ("nnunet", "case-0001/masks/x", "."):
        assert "lies in the case store" in refused(2, *words, filled / inside)
    assert covseg("cases", "verify", filled).code == 0
    covseg("cases", "state", filled, "case-0001", "flagged")
    assert "nothing to train on" in refused(3, *words, tmp_path / "out")


def test_pictures_that_are_left_out_are_told(covseg, filled, tmp_path):
    grid = Grid.from_spacing((1, 8, 9), (1.0, 1.0, 1.0))
    store = CaseStore(filled)
    picture = CTVolume(np.full((1, 8, 9), 7, np.float32), grid, is_hu=False)
    name = store.add_case(picture).case_id
    mask = LesionMask(np.ones((1, 8, 9), np.uint8), grid)
    store.add_mask(name, mask, source="manual")
    store.set_state(name, "done")
    words = ["cases", "export", filled, "--to", "monai", "-o"]
    answer = covseg(*words, tmp_path / "scans")
    assert "note: left out 1 pictures, which need --pictures" in answer.out
