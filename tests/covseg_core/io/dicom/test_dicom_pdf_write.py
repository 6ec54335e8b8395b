"""A PDF report lies in the study of its CT, byte by byte as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import dcmread

from covseg_core.errors import OutputError, UsageError
from covseg_core.io.dicom import derived, read_dicom
from covseg_core.io.dicom.pdf_write import write_encapsulated_pdf

PDF = b"%PDF-1.4\n% a page of an odd number of bytes\n%%EOF"


def test_the_document_comes_back_byte_by_byte(scan, tmp_path):
    assert len(PDF) % 2
    write_encapsulated_pdf(tmp_path / "report.dcm", scan(), PDF)
    made = dcmread(tmp_path / "report.dcm")
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == PDF
    assert made.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert made.Modality == "DOC"
    assert made.VerificationFlag == "UNVERIFIED"
    assert made.DocumentTitle == "Lung infection, severity report"
    assert "research use only" in made.SeriesDescription


def test_it_belongs_to_the_patient_and_names_every_slice(series, edit_all, tmp_path):
    edit_all(series, PatientName="Doe^Jane", PatientID="4711")
    ct = read_dicom(series)
    write_encapsulated_pdf(tmp_path / "report.dcm", ct, PDF)
    made = dcmread(tmp_path / "report.dcm")
    sources = list(map(dcmread, ct.source.paths))
    assert (made.PatientName, made.PatientID) == ("Doe^Jane", "4711")
    assert made.StudyInstanceUID == sources[0].StudyInstanceUID
    assert [one.ReferencedSOPInstanceUID for one in made.SourceInstanceSequence] == [
        one.SOPInstanceUID for one in sources
    ]


@pytest.mark.parametrize(("shown", "said"), [(False, "NO"), (True, "YES")])
def test_it_says_whether_pages_show_the_patient(scan, tmp_path, shown, said):
    path = tmp_path / "report.dcm"
    write_encapsulated_pdf(path, scan(), PDF, shows_identifiers=shown)
    assert dcmread(path).BurnedInAnnotation == said


def test_a_synthetic_scan_is_marked_as_such(scan, tmp_path):
    ct = scan()
    ct = replace(ct, source=replace(ct.source, is_synthetic=True))
    write_encapsulated_pdf(tmp_path / "report.dcm", ct, PDF)
    made = dcmread(tmp_path / "report.dcm")
    assert made.SeriesDescription.startswith("SYNTHETIC ")


def test_a_frame_of_many_is_named_by_its_file(enhanced, tmp_path):
    write_encapsulated_pdf(tmp_path / "report.dcm", read_dicom(enhanced), PDF)
    (named,) = dcmread(tmp_path / "report.dcm").SourceInstanceSequence
    assert named.ReferencedSOPInstanceUID == dcmread(enhanced).SOPInstanceUID


def test_what_is_no_pdf_is_refused(scan, tmp_path):
    with pytest.raises(UsageError, match="15 bytes that are no PDF"):
        write_encapsulated_pdf(tmp_path / "report.dcm", scan(), b"<html>no</html>")


def test_a_scan_that_was_not_read_from_dicom_is_refused(chest, tmp_path):
    with pytest.raises(UsageError, match="was not read from DICOM"):
        write_encapsulated_pdf(tmp_path / "report.dcm", chest, PDF)


def test_an_old_file_survives_what_reads_back_differently(scan, tmp_path, monkeypatch):
    ct = scan()
    (tmp_path / "report.dcm").write_bytes(b"old")
    monkeypatch.setattr(derived, "dcmread", lambda path: None)
    with pytest.raises(OutputError, match=r"report\.dcm was read back differently"):
        write_encapsulated_pdf(tmp_path / "report.dcm", ct, PDF)
    assert (tmp_path / "report.dcm").read_bytes() == b"old"


def test_the_validator_finds_no_error(turned, tmp_path, dicom_errors):
    write_encapsulated_pdf(tmp_path / "report.dcm", turned, PDF)
    assert dicom_errors(tmp_path / "report.dcm") == []


def test_nor_does_it_on_an_anonymised_scan(anonymised, tmp_path, dicom_errors):
    write_encapsulated_pdf(tmp_path / "report.dcm", anonymised, PDF)
    assert dicom_errors(tmp_path / "report.dcm") == []
