from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest


def test_lungs_are_written_on_the_grid_of_the_scan(covseg, scan, tmp_path, blocks):
    answer = covseg("lungs", scan, "-o", tmp_path / "l.nii.gz")
    assert answer.code == 0
    assert answer.err == ""
    assert "Right lung       600 ml\nLeft lung        400 ml\n" in answer.out
    mask = nib.load(tmp_path / "l.nii.gz")
    np.testing.assert_allclose(mask.affine, nib.load(scan).affine, atol=1e-3)
    np.testing.assert_array_equal(np.asarray(mask.dataobj).T, blocks.lungs.labels)


def test_json_tells_the_volumes(covseg, dicom, tmp_path):
    document = covseg("lungs", dicom, "-o", tmp_path / "l.nii", "--json").json
    assert document["output"] == str(tmp_path / "l.nii")
    assert document["volumes_ml"] == pytest.approx(
        {"right_lung": 600, "left_lung": 400}
    )
    assert document["lungs_found_by"] == "hu-threshold"
    assert document["notes"] == []


def test_it_is_told_that_a_network_found_no_lungs(covseg, scan, tmp_path, monkeypatch):
    def blind(*_, **__):
        return lambda grey: np.zeros((len(grey), 2, *grey.shape[1:]), np.float32)

    monkeypatch.setattr("covseg_core.inference.lungs.NetworkOutliner", blind)
    words = "lungs", scan, "-o", tmp_path / "l.nii.gz", "--model", "lungs-small"
    note = "lungs-small found no lungs, so they were found by threshold."
    answer = covseg(*words)
    assert answer.code == 0, answer.err
    assert f"note: {note}\n" in answer.out
    document = covseg(*words, "--json").json
    assert document["lungs_found_by"] == "hu-threshold"
    assert document["notes"] == [note]


def test_a_new_folder_is_made(covseg, scan, tmp_path):
    target = tmp_path / "new" / "l.nii.gz"
    assert covseg("lungs", scan, "-o", target).code == 0
    assert target.is_file()


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    refused, scan, tmp_path, monkeypatch
):
    def work(*_):
        raise AssertionError

    monkeypatch.setattr("covseg_core.inference.lungs.outline_lungs", work)
    (tmp_path / "file").touch()
    line = refused(1, "lungs", scan, "-o", tmp_path / "file" / "l.nii.gz")
    assert "the folder 'file' could not be made" in line


def test_the_scan_itself_is_never_replaced(refused, scan):
    before = scan.read_bytes()
    assert "would replace an input" in refused(2, "lungs", scan, "-o", scan)
    assert scan.read_bytes() == before


def test_a_scan_without_lungs_is_refused(refused, tmp_path):
    water = nib.Nifti1Image(np.full((30, 30, 8), 40, np.int16), np.diag([2, 2, 5, 1]))
    nib.save(water, tmp_path / "water.nii.gz")
    line = refused(3, "lungs", tmp_path / "water.nii.gz", "-o", tmp_path / "l.nii.gz")
    assert "no lungs were found" in line
    assert not (tmp_path / "l.nii.gz").exists()
