"""An older report goes as a whole, or stays as a whole; what others made stays."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from covseg_core.errors import OutputError, UsageError
from covseg_core.reports.severity.dicom_folder import (
    replaced_together,
    require_replaceable,
)


def write_object(path, description="new", manufacturer="covseg"):
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = EncapsulatedPDFStorage, "1.2.3"
    made.Manufacturer, made.SeriesDescription = manufacturer, description
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.save_as(path, enforce_file_format=True)


@pytest.fixture
def folder(tmp_path):
    """An older report of four files, beside files of somebody else."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("segmentation", "report", "report_page_01", "report_page_02"):
        write_object(folder / f"{name}.dcm", "old")
    write_object(folder / "slice_0001.dcm", manufacturer="a scanner")
    (folder / "notes.txt").write_text("mine")
    return folder


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_the_new_report_lacks_goes_with_the_older_one(folder):
    before = contents_of(folder)
    with replaced_together(folder) as part:
        for name in ("segmentation.dcm", "report_page_01.dcm"):
            write_object(part / name)
        assert contents_of(folder).items() >= before.items()
    after = contents_of(folder)
    assert sorted(after) == [
        "notes.txt",
        "report_page_01.dcm",
        "segmentation.dcm",
        "slice_0001.dcm",
    ]
    for name, content in after.items():
        is_kept = name in ("notes.txt", "slice_0001.dcm")
        assert (content == before[name]) is is_kept


def test_a_report_that_fails_leaves_the_older_one_whole(folder):
    before = contents_of(folder)

    def fail():
        with replaced_together(folder) as part:
            write_object(part / "segmentation.dcm")
            raise UsageError("the pages are no pictures.")

    with pytest.raises(UsageError, match="the pages are no pictures"):
        fail()
    assert contents_of(folder) == before


@pytest.mark.parametrize("name", ["measurements.dcm", "report_page_03.dcm"])
@pytest.mark.parametrize("is_dicom", [True, False])
def test_a_file_of_somebody_else_is_not_replaced(folder, name, is_dicom):
    if is_dicom:
        write_object(folder / name, manufacturer="another program")
    else:
        (folder / name).write_text("mine")
    before = contents_of(folder)
    with (
        pytest.raises(UsageError, match=f"{name} in that folder is not of covseg"),
        replaced_together(folder),
    ):
        pytest.fail("something was written")
    assert contents_of(folder) == before


def test_a_folder_that_is_not_there_has_no_older_report(tmp_path):
    assert require_replaceable(tmp_path / "new") == []


def test_a_file_is_no_folder_for_a_report(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="folder 'out' could not be written"):
        require_replaceable(tmp_path / "out")


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(OutputError, match="folder 'out' could not be written") as told,
        replaced_together(tmp_path / "out"),
    ):
        pytest.fail("something was written")
    assert str(tmp_path) not in str(told.value)
