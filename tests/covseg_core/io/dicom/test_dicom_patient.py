from __future__ import annotations

import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom
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


def test_a_series_of_two_patients_is_refused_by_its_files(series, edit_all, edit):
    edit_all(series, PatientID="PID-A")
    edit(series / "slice_0001.dcm", PatientID="Anonymous")
    edit(series / "slice_0008.dcm", PatientID="PID-B")
    with pytest.raises(
        InputRefusedError, match=r"slice_0002\.dcm and slice_0008\.dcm .* patients"
    ) as caught:
        read_dicom(series)
    assert "PID" not in str(caught.value)


def test_slices_that_name_one_patient_or_nobody_are_read(series, edit_all, edit):
    edit_all(series, PatientID="pid-a")
    edit(series / "slice_0001.dcm", PatientID="Anonymous")
    edit(series / "slice_0002.dcm", PatientID=None)
    edit(series / "slice_0003.dcm", PatientID="PID-A ")
    assert len(read_dicom(series).hu) == 10
