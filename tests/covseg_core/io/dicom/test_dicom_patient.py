from __future__ import annotations

from pathlib import Path

import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.patient import (
    are_of_one_patient,
    patient_key,
    require_one_patient,
)
from covseg_core.io.dicom.source_series import source_series_of


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


@pytest.fixture
def two_patients(series, edit_all, edit):
    edit_all(series, PatientID="PID-A")
    edit(series / "slice_0001.dcm", PatientID="Anonymous")
    edit(series / "slice_0008.dcm", PatientID="PID-B")
    return read_dicom(series)


def test_a_series_of_two_patients_is_read_with_a_note(two_patients):
    (note,) = two_patients.source.notes
    assert note.startswith("slices name different patients; make sure")


def test_a_series_of_two_patients_is_refused_by_its_files(two_patients):
    with pytest.raises(
        InputRefusedError, match=r"slice_0002\.dcm and slice_0008\.dcm .* patients"
    ) as caught:
        require_one_patient(map(Path, two_patients.source.paths))
    assert "PID" not in str(caught.value)


def test_no_object_is_made_for_the_record_of_two_patients(two_patients):
    with pytest.raises(InputRefusedError, match="name different patients"):
        source_series_of(two_patients)


def test_slices_that_name_one_patient_or_nobody_are_read(series, edit_all, edit):
    edit_all(series, PatientID="pid-a")
    edit(series / "slice_0001.dcm", PatientID="Anonymous")
    edit(series / "slice_0002.dcm", PatientID=None)
    edit(series / "slice_0003.dcm", PatientID="PID-A ")
    assert are_of_one_patient(series.iterdir())
    assert read_dicom(series).source.notes == ()


def test_zeros_in_front_of_a_number_make_no_other_patient(series, edit_all, edit):
    edit_all(series, PatientID="4711")
    edit(series / "slice_0002.dcm", PatientID="0004711")
    edit(series / "slice_0003.dcm", PatientID="000")
    assert are_of_one_patient(series.iterdir())
    edit(series / "slice_0004.dcm", PatientID="47110")
    assert not are_of_one_patient(series.iterdir())
