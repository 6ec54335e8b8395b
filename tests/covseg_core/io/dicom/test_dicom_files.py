"""Files are found in folders, beside a file and through a DICOMDIR."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import files as dicom_files
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.files import find_files


@pytest.fixture
def disc(series, tmp_path):
    """A DICOMDIR above a series that is spelled ``IMAGES/IM1`` and on."""
    root = tmp_path / "disc"
    (root / "images").mkdir(parents=True)
    records = []
    for number, path in enumerate(sorted(series.iterdir()), start=1):
        path.rename(root / "images" / f"im{number}")
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = ["IMAGES", f"IM{number}"]
        records.append(record)
    directory = Dataset()
    directory.DirectoryRecordSequence = records
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.save_as(root / "DICOMDIR", enforce_file_format=True)
    return root


def test_dicomdir_leads_to_its_files(disc, chest):
    ct = read_dicom(disc / "DICOMDIR")
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.notes == ()


def test_dicomdir_in_a_folder_is_only_listed(disc, chest):
    ct = read_dicom(disc)
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.ignored == ("DICOMDIR: index of a medium",)


def test_files_that_the_dicomdir_misses_are_told(disc):
    (disc / "images" / "im10").unlink()
    ct = read_dicom(disc / "DICOMDIR")
    assert ct.source.notes == ("the DICOMDIR names 1 more files: IM10",)


def test_dicomdir_without_its_files_is_refused(disc):
    for path in (disc / "images").iterdir():
        path.unlink()
    with pytest.raises(InputRefusedError, match="names 10 files and none of them"):
        read_dicom(disc / "DICOMDIR")


def test_dicomdir_leads_nowhere_above_its_folder(disc, series):
    (series / "secret").write_text("x")
    content = (disc / "DICOMDIR").read_bytes()
    assert dicom_files._resolve(disc, ("..", "series", "secret")) is None
    assert dicom_files._resolve(disc, ("../series/secret",)) is None
    assert b"IMAGES" in content


def test_damaged_dicomdir_is_refused(disc):
    path = disc / "DICOMDIR"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputRefusedError, match="DICOMDIR"):
        read_dicom(path)


def test_nothing_at_the_path_is_refused_without_its_folders(tmp_path):
    with pytest.raises(InputRefusedError, match=r"^gone is neither a file nor"):
        find_files(tmp_path / "private name" / "gone")


def test_too_many_files_are_refused(series, monkeypatch):
    monkeypatch.setattr(dicom_files, "MAX_FILES", 9)
    with pytest.raises(InputRefusedError, match="more than 9 files"):
        find_files(series)


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="the folder is empty"):
        read_dicom(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipe_in_the_folder_does_not_block(series):
    os.mkfifo(series / "pipe")
    assert len(find_files(series).paths) == 10


def test_a_link_that_leads_nowhere_may_be_a_lost_slice(series):
    lost = sorted(series.iterdir())[-1]
    lost.unlink()
    lost.symlink_to(series / "elsewhere")
    for chosen in (series, sorted(series.iterdir())[0]):
        with pytest.raises(InputRefusedError, match=f"^{lost.name} may be a slice"):
            read_dicom(chosen)


@pytest.fixture
def locked(series, monkeypatch):
    """A folder in that of the series which nobody may read, not even root."""
    folder = series / "locked"
    folder.mkdir()
    scan = os.scandir

    def scandir(path):
        if os.fspath(path) == os.fspath(folder):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folder


def test_a_folder_that_may_not_be_read_is_refused(series, locked):
    for chosen in (series, locked):
        with pytest.raises(InputRefusedError, match=r"^the folder 'locked' cannot be"):
            read_dicom(chosen)


def test_files_beside_one_that_may_not_be_listed_are_refused(series, monkeypatch):
    def iterdir(self):
        raise PermissionError(errno.EACCES, "Permission denied", os.fspath(self))

    chosen = sorted(series.iterdir())[0]
    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(InputRefusedError, match="Permission denied"):
        find_files(chosen)
