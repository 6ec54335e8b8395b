from __future__ import annotations

import nibabel as nib
import numpy as np

from covseg_core.io.nifti import read_nifti_ct


def test_a_dicom_series_becomes_nifti_in_the_same_place(
    covseg, dicom, tmp_path, blocks
):
    target = tmp_path / "ct.nii.gz"
    answer = covseg("convert", dicom, "-o", target)
    assert answer.code == 0
    assert answer.out.endswith(f"wrote {target}\n")
    ct = read_nifti_ct(target)
    np.testing.assert_array_equal(ct.hu, blocks.ct.hu)
    np.testing.assert_allclose(ct.grid.affine_lps, blocks.ct.grid.affine_lps, atol=1e-3)
    assert nib.load(target).get_data_dtype() == np.int16


def test_the_scan_itself_is_never_replaced(refused, scan):
    before = scan.read_bytes()
    line = refused(2, "convert", scan, "-o", scan)
    assert "'scan.nii.gz' would replace an input" in line
    assert scan.read_bytes() == before


def test_only_nifti_is_written(refused, scan, tmp_path):
    line = refused(2, "convert", scan, "-o", tmp_path / "ct.mha")
    assert "the output 'ct.mha' must end in .nii.gz or .nii" in line


def test_a_folder_that_is_not_there_is_told(refused, scan, tmp_path):
    line = refused(1, "convert", scan, "-o", tmp_path / "no" / "ct.nii.gz")
    assert "ct.nii.gz could not be written: its folder does not exist" in line
