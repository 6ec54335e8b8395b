"""The whole way through a real PACS: found, fetched, outlined, stored, fetched back."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import UsageError
from covseg_core.io import read_ct
from covseg_core.io.dicom.capture_write import write_secondary_captures
from covseg_core.io.dicom.measurements import (
    Measurement,
    MeasurementGroup,
    MeasurementReport,
)
from covseg_core.io.dicom.pdf_write import write_encapsulated_pdf
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.sr_codes import BILATERAL, LUNG, MILLILITRE, VOLUME
from covseg_core.io.dicom.sr_read import read_sr_measurements
from covseg_core.io.dicom.sr_write import write_sr_measurements
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.pacs.client import open_pacs
from covseg_core.io.pacs.connection import PacsSettings
from covseg_core.io.pacs.failures import PacsError
from covseg_core.io.pacs.search import SeriesQuery
from covseg_core.io.terminology import CONCEPTS
from covseg_core.labels import INFECTION
from covseg_core.reports.severity.dicom_report import write_dicom_report
from covseg_core.severity.report import measure_report
from covseg_core.steps import result_of
from covseg_core.transforms.lungs import find_lungs
from covseg_core.volume import LesionMask


def hashes(folder):
    return sorted(
        hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.dcm")
    )


def only(pacs, modality="CT"):
    (series,) = pacs.find_series(SeriesQuery(modality=modality)).series
    return series


def fetched(pacs, series, folder):
    steps = pacs.fetch_series(series.study_uid, series.series_uid, folder)
    return result_of(steps).folder


def there_and_back(pacs, ct_folder, tmp_path, seg_of):
    """Fetch the CT, store a segmentation of it, and fetch that."""
    path = seg_of(ct_folder, tmp_path / "seg.dcm")
    (stored,) = result_of(pacs.store([path]))
    assert stored.is_stored
    again = fetched(pacs, only(pacs, "SEG"), tmp_path / "again")
    (came,) = again.iterdir()
    ct = read_ct(ct_folder)
    sent, back = read_dicom_seg(path, ct).lesions, read_dicom_seg(came, ct).lesions
    assert sent.labels.any()
    np.testing.assert_array_equal(back.labels, sent.labels)
    ours, theirs = dcmread(path), dcmread(came)
    assert theirs.SOPInstanceUID == ours.SOPInstanceUID == stored.sop_instance
    assert theirs.SeriesInstanceUID == ours.SeriesInstanceUID
    return ours


def test_a_series_is_found_without_the_name_of_its_patient(
    pacs, real_pacs, phantom_series, blocks
):
    pacs.put(phantom_series)
    found = real_pacs.find_series()
    (series,) = found.series
    header = dcmread(phantom_series / "slice_0001.dcm")
    assert series.study_uid == header.StudyInstanceUID
    assert series.series_uid == header.SeriesInstanceUID
    assert (series.modality, series.description) == ("CT", "Thorax 5 mm")
    assert series.images == len(blocks.ct.hu)
    assert not series.patient
    assert not found.is_cut


def test_who_asks_for_patients_gets_them(pacs, real_pacs, phantom_series):
    pacs.put(phantom_series)
    (series,) = real_pacs.find_series(SeriesQuery(show_patients=True)).series
    assert series.patient == "Anonymous Anonymous"
    assert "Anonymous" not in repr(series)


@pytest.mark.parametrize(
    "query", [{"patient_id": "4711"}, {"modality": "MR"}, {"study": "1.2.3"}]
)
def test_what_does_not_match_is_not_found(pacs, real_pacs, phantom_series, query):
    pacs.put(phantom_series)
    assert real_pacs.find_series(SeriesQuery(**query)).series == ()


def test_a_fetched_series_is_the_one_in_the_pacs_byte_by_byte(
    pacs, real_pacs, phantom_series, tmp_path, blocks
):
    pacs.put(phantom_series)
    folder = fetched(real_pacs, only(real_pacs), tmp_path / "ct")
    assert hashes(folder) == hashes(phantom_series)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"image_{number:04d}.dcm" for number in range(1, len(blocks.ct.hu) + 1)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ct"]
    ct = read_ct(folder)
    np.testing.assert_array_equal(ct.hu, blocks.ct.hu)
    np.testing.assert_allclose(ct.grid.affine_lps, blocks.ct.grid.affine_lps, atol=1e-3)


def test_a_stored_segmentation_comes_back_voxel_by_voxel(
    pacs, real_pacs, phantom_series, tmp_path, seg_of
):
    pacs.put(phantom_series)
    folder = fetched(real_pacs, only(real_pacs), tmp_path / "ct")
    seg = there_and_back(real_pacs, folder, tmp_path, seg_of)
    assert seg.StudyInstanceUID == only(real_pacs).study_uid


def test_a_real_scan_goes_the_whole_way(
    pacs, real_pacs, real_ct, tmp_path, dicom_errors
):
    series = real_ct / "dicom_siemens_8mm"
    if not series.is_dir():
        pytest.skip("the real DICOM series is not on this machine")
    pacs.put(series)
    found = only(real_pacs)
    assert found.images == 30
    folder = fetched(real_pacs, found, tmp_path / "ct")
    assert hashes(folder) == hashes(series)
    ct = read_ct(folder)
    made, lesions, lungs = outlined(ct, tmp_path / "made")
    assert [error for path in made.paths for error in dicom_errors(path)] == []
    assert all(one.is_stored for one in result_of(real_pacs.store(made.paths)))
    seg, sr = (
        fetched(real_pacs, only(real_pacs, kind), tmp_path / kind) / "image_0001.dcm"
        for kind in ("SEG", "SR")
    )
    assert [*dicom_errors(seg), *dicom_errors(sr)] == []
    back = read_dicom_seg(seg, ct)
    np.testing.assert_array_equal(back.lesions.labels, lesions.labels)
    np.testing.assert_array_equal(back.lungs.labels, lungs.labels)
    told = read_sr_measurements(sr)
    assert told == read_sr_measurements(made.measurements)
    (outline,) = (one for one in told.groups if one.title == "Outline: Infection")
    volume_ml = lesions.labels.sum() * ct.grid.voxel_ml
    assert outline.measurements[0].value == pytest.approx(volume_ml, rel=1e-5)


def outlined(ct, folder):
    """Call lung of more than -500 HU infected, and write all that is made of it."""
    lungs = find_lungs(ct)
    marked = ((lungs.labels > 0) & (ct.hu > -500)).astype("uint8")
    lesions = LesionMask(marked, ct.grid, INFECTION)
    masks = [
        TracedMask(lesions, MaskOrigin("model", "hu-threshold")),
        TracedMask(lungs, MaskOrigin("model", "hu-threshold")),
    ]
    report = measure_report(ct, lesions, lungs)
    return write_dicom_report(folder, ct, masks, report), lesions, lungs


def test_an_independent_client_sees_what_was_stored(pacs, real_pacs, phantom_seg):
    web = pytest.importorskip("dicomweb_client.web")
    session = pytest.importorskip("requests").Session()
    session.trust_env = False
    session.auth = (pacs.user, pacs.password.encode())
    result_of(real_pacs.store([phantom_seg]))
    ours = dcmread(phantom_seg)
    theirs = web.DICOMwebClient(pacs.url, session).retrieve_instance(
        ours.StudyInstanceUID, ours.SeriesInstanceUID, ours.SOPInstanceUID
    )
    assert theirs.PixelData == ours.PixelData


def test_an_unknown_series_is_told(real_pacs, tmp_path):
    with pytest.raises(PacsError, match="has no images of that series"):
        result_of(real_pacs.fetch_series("1.2.3", "1.2.4", tmp_path / "ct"))
    assert list(tmp_path.iterdir()) == []


def test_nobody_gets_in_without_the_password(pacs, monkeypatch):
    monkeypatch.setenv("COVSEG_PACS_USER", pacs.user)
    monkeypatch.setenv("COVSEG_PACS_PASSWORD", "guessed")
    with (
        open_pacs(PacsSettings(url=pacs.url)) as opened,
        pytest.raises(PacsError, match=r"does not accept this login \(401\)"),
    ):
        opened.find_series()


def test_the_login_is_taken_from_the_environment(pacs, phantom_series, monkeypatch):
    pacs.put(phantom_series)
    monkeypatch.setenv("COVSEG_PACS_USER", pacs.user)
    monkeypatch.setenv("COVSEG_PACS_PASSWORD", pacs.password)
    with open_pacs(PacsSettings(url=pacs.url)) as opened:
        assert len(opened.find_series().series) == 1


def test_certificates_that_cannot_be_read_are_told_before_anything_is_sent(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = PacsSettings(url="https://pacs.example", ca_file=tmp_path / "ca.pem")
    with pytest.raises(UsageError, match=r"'ca.pem' is no file of certificates"):
        open_pacs(settings)


@pytest.fixture
def report(phantom_series, phantom_seg, tmp_path):
    """A segmentation, its measurements, a PDF and a picture, as covseg writes them."""
    ct = read_ct(phantom_series)
    group = MeasurementGroup(
        "Ground glass",
        CONCEPTS["ggo"].kind,
        LUNG,
        BILATERAL,
        segment=1,
        measurements=(Measurement(VOLUME, 1000.0, MILLILITRE),),
    )
    sr, pdf = tmp_path / "sr.dcm", tmp_path / "pdf.dcm"
    write_sr_measurements(sr, ct, MeasurementReport((group,)), phantom_seg)
    write_encapsulated_pdf(pdf, ct, b"%PDF-1.4\n%%EOF\n")
    page = np.zeros((20, 30, 3), np.uint8)
    return [phantom_seg, sr, pdf, *write_secondary_captures(tmp_path, ct, [page])]


def test_a_whole_report_comes_back_as_it_was_sent(
    pacs, real_pacs, phantom_series, tmp_path, report
):
    pacs.put(phantom_series)
    results = result_of(real_pacs.store(report))
    assert [result.outcome.failure for result in results] == [""] * 4
    assert [result.kind for result in results] == [
        "segmentation",
        "structured report",
        "PDF report",
        "picture",
    ]
    for path, modality in zip(report, ("SEG", "SR", "DOC", "OT"), strict=True):
        folder = fetched(real_pacs, only(real_pacs, modality), tmp_path / modality)
        (came,) = folder.iterdir()
        assert dcmread(came) == dcmread(path)
    sr = read_sr_measurements(tmp_path / "SR" / "image_0001.dcm")
    assert sr.groups == read_sr_measurements(report[1]).groups
    assert len(pacs.ask("/studies")) == 1
