from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from covseg_core.cli.predict_batch import predict_each
from covseg_core.errors import GeometryError, InputRefusedError, UsageError

BASELINE = "--model", "hu-threshold"


def predict_one(path, target):
    if path.suffix == ".bad":
        raise GeometryError(f"{path.stem} is bent.")
    if path.suffix == ".odd":
        raise UsageError("this makes no sense.")
    return {"output": target}


def predict(tmp_path, *names):
    return predict_each([tmp_path / name for name in names], names, predict_one)


def test_what_is_refused_is_passed_over_and_named_at_the_end(tmp_path):
    batch = predict(tmp_path, "a.bad", "b", "c.bad", "d")
    assert [run["output"] for run in batch.runs] == ["b", "d"]
    line = "2 of 4 were refused. a.bad: a is bent. c.bad: c is bent."
    with pytest.raises(InputRefusedError) as refusal:
        batch.require_all()
    assert str(refusal.value) == line


def test_where_nothing_is_refused_nothing_is_raised(tmp_path):
    predict(tmp_path, "a", "b").require_all()


def test_of_one_scan_the_refusal_is_its_own(tmp_path):
    with pytest.raises(GeometryError, match=r"^a is bent\.$"):
        predict(tmp_path, "a.bad")


def test_what_is_wrong_with_every_scan_ends_the_batch(tmp_path):
    with pytest.raises(UsageError, match="no sense"):
        predict(tmp_path, "a.odd", "b")


def test_a_refused_scan_keeps_no_other_from_being_predicted(covseg, scan, tmp_path):
    water = nib.Nifti1Image(np.full((30, 30, 8), 40, np.int16), np.diag([2, 2, 5, 1]))
    nib.save(water, tmp_path / "water.nii.gz")
    out, absent = tmp_path / "out", tmp_path / "absent.nii.gz"
    scans = tmp_path / "water.nii.gz", absent, scan
    answer = covseg("predict", *scans, "-o", out, *BASELINE)
    assert answer.code == 3
    assert answer.err.startswith("covseg: 2 of 3 were refused. water.nii.gz: no lungs")
    assert "absent.nii.gz: there is no file" in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out.startswith(f"{out / 'scan.nii.gz'}\n  ggo ")
    assert {path.name for path in out.iterdir()} == {"scan.nii.gz", "scan.json"}
    answer = covseg("predict", *scans, "-o", out, *BASELINE, "--json")
    assert answer.code == 3
    assert [run["output"] for run in answer.json] == [str(out / "scan.nii.gz")]
