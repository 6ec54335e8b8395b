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
