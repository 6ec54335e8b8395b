"""`covseg severity --dicom`: objects for a PACS, and what they may not replace."""

from __future__ import annotations

import shutil

import pytest
from pydicom import dcmread

from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.nifti import write_nifti_labels


@pytest.fixture
def given(dicom, blocks, lungs, tmp_path):
    """The DICOM phantom with its true masks, as words of the command."""
    mask = tmp_path / "true.nii.gz"
    write_nifti_labels(mask, blocks.lesions)
    return ("severity", dicom, "--mask", mask, "--lungs", lungs)


def test_a_folder_for_a_pacs_holds_what_is_wanted(covseg, given, dicom, tmp_path):
    out = tmp_path / "results"
    extras = ("--encapsulated-pdf", "--secondary-capture")
    answer = covseg(*given, "--dicom", out, *extras)
    assert answer.code == 0, answer.err
    written = {path.name: dcmread(path) for path in out.iterdir()}
    assert sorted(written) == [
        "measurements.dcm",
        "report.dcm",
        "report_page_01.dcm",
        "report_page_02.dcm",
        "segmentation.dcm",
    ]
    assert all(f"wrote {out / name}\n" in answer.out for name in written)
    assert written["report.dcm"].EncapsulatedDocument.startswith(b"%PDF")
    marked = {one.get("BurnedInAnnotation", "NO") for one in written.values()}
    assert marked == {"NO"}
    found = read_dicom_seg(out / "segmentation.dcm", read_dicom(dicom))
    assert found.lesions.volumes_ml == pytest.approx({"ggo": 50, "consolidation": 20})

    # A mask of the set cannot be measured into the same set.
    set_mask = out / "segmentation.dcm"
    answer = covseg("severity", dicom, "--mask", set_mask, "--dicom", out)
    assert answer.code == 2
    assert "'segmentation.dcm' would replace an input" in answer.err


def test_a_scan_that_is_not_dicom_has_none(refused, scan, tmp_path):
    line = refused(2, "severity", scan, "--dicom", tmp_path / "results")
    assert "was not read from DICOM" in line
    assert not (tmp_path / "results").exists()


def test_files_of_others_are_refused_before_anything_is_measured(
    refused, given, dicom, tmp_path
):
    out = tmp_path / "results"
    out.mkdir()
    path = shutil.copy(next(dicom.iterdir()), out / "report.dcm")
    scan = dcmread(path)
    scan.Manufacturer = "a scanner"
    scan.save_as(path)
    line = refused(2, *given, "--dicom", out)
    assert "report.dcm in that folder is not of covseg" in line
    assert [path.name for path in out.iterdir()] == ["report.dcm"]
