"""Objects that are made of a series lie in its study, each in a series of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.uid import RawDataStorage

from covseg_core.errors import OutputError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.derived import (
    describe,
    new_object,
    save_object,
    source_files,
)
from covseg_core.io.dicom.source_series import source_series_of


@pytest.fixture
def made(scan):
    return new_object(source_series_of(scan()), RawDataStorage, "OT", 9009, "Test")


def test_an_object_has_a_series_of_its_own_in_the_same_study(scan):
    series = source_series_of(scan())
    one, two = (
        new_object(series, RawDataStorage, "OT", 9009, "Test") for _ in range(2)
    )
    assert one.StudyInstanceUID == two.StudyInstanceUID
    assert one.StudyInstanceUID == series.identity.StudyInstanceUID
    uids = {one.SeriesInstanceUID, two.SeriesInstanceUID, series.series_uid}
    assert len(uids) == 3
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    assert one.Manufacturer == "covseg"


def test_a_description_says_that_it_is_research_and_what_is_made_up(chest):
    assert describe("Report", chest.source) == "Report, research use only"
    made_up = replace(chest.source, is_synthetic=True)
    assert describe("Report", made_up) == "SYNTHETIC Report, research use only"


def test_a_file_of_many_slices_is_named_once(enhanced, scan):
    (one,) = source_files(source_series_of(read_dicom(enhanced)))
    assert one.ReferencedSOPInstanceUID == dcmread(enhanced).SOPInstanceUID
    assert len(source_files(source_series_of(scan()))) == 5


def test_what_is_saved_is_what_was_made(made, tmp_path):
    save_object(tmp_path / "made.dcm", made)
    assert dcmread(tmp_path / "made.dcm") == made


def test_a_folder_that_is_not_there_ends_in_a_sentence(made, tmp_path):
    with pytest.raises(OutputError, match=r"made\.dcm could not be written: its fold"):
        save_object(tmp_path / "absent" / "made.dcm", made)
