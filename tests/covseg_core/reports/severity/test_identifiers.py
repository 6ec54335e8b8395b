from __future__ import annotations

import pytest
from pydicom import dcmread

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.io import read_ct
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.reports.severity.facts import Identifiers
from covseg_core.reports.severity.identifiers import read_identifiers


@pytest.fixture
def series(blocks, tmp_path):
    """A DICOM series with the patient's name as given."""

    def make(name, **more):
        write_dicom_series(blocks.ct, tmp_path / "ct")
        for path in (tmp_path / "ct").iterdir():
            header = dcmread(path)
            header.SpecificCharacterSet = "ISO_IR 192"
            header.PatientName = name
            for keyword, value in more.items():
                setattr(header, keyword, value)
            header.save_as(path)
        return read_ct(tmp_path / "ct")

    return make


def test_name_id_and_dates_are_read_in_plain_form(series):
    ct = series(
        "Müller^Änne^^Dr.",
        PatientID="4711",
        PatientBirthDate="19700102",
        StudyDate="20260101",
    )
    who = read_identifiers(ct.source)
    assert who == Identifiers("Müller, Änne, Dr.", "4711", "1970-01-02", "2026-01-01")
    assert who.rows[0] == ("Patient", "Müller, Änne, Dr.")


def test_what_the_header_lacks_has_no_row(series):
    ct = series("", PatientID="4711", PatientBirthDate="", StudyDate="")
    assert read_identifiers(ct.source).rows == (("Patient ID", "4711"),)


def test_a_scan_that_is_no_dicom_has_no_identifiers(blocks):
    with pytest.raises(UsageError, match="not read from DICOM; leave it away"):
        read_identifiers(blocks.ct.source)


def test_a_file_that_is_gone_is_told_without_its_folder(series):
    ct = series("Doe")
    for path in ct.source.paths:
        __import__("pathlib").Path(path).unlink()
    with pytest.raises(InputRefusedError, match=r"^[^/]*could not be read"):
        read_identifiers(ct.source)


def test_a_scan_that_names_two_patients_has_no_identifiers(series):
    ct = series("Doe", PatientID="4711")
    last = ct.source.paths[-1]
    header = dcmread(last)
    header.PatientID = "4712"
    header.save_as(last)
    with pytest.raises(InputRefusedError, match="name different patients") as caught:
        read_identifiers(ct.source)
    assert "471" not in str(caught.value)
