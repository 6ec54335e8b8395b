from __future__ import annotations

import pytest

from covseg_core.io.dicom.patient import patient_key


@pytest.fixture
def named(series, edit):
    """The first file of a series, with the elements that tell whose it is."""

    def name(**elements):
        path = series / "slice_0001.dcm"
        edit(path, **elements)
        return path

    return name


def test_a_patient_is_told_by_number_whoever_issued_it(named):
    path = named(PatientID=" 4711 ", PatientName="Doe^Jane")
    assert patient_key(path) == "4711"
    path = named(PatientID="4711", IssuerOfPatientID="CLINIC")
    assert patient_key(path) == "4711"


@pytest.mark.parametrize("number", ["", "Anonymous", "ANON", "0", "unknown", None])
def test_a_number_that_names_nobody_is_no_key(named, number):
    assert patient_key(named(PatientID=number)) == ""


def test_a_file_that_cannot_be_read_is_nobodys(tmp_path):
    (tmp_path / "cut.dcm").write_bytes(bytes(128) + b"DICM\x02")
    assert patient_key(tmp_path / "cut.dcm") == ""
    assert patient_key(tmp_path / "absent.dcm") == ""
