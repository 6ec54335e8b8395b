"""A measurement report says what was measured where, and that nobody vouches for it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import starmap

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import OutputError, UsageError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom import sr_write as module
from covseg_core.io.dicom.measurements import (
    Algorithm,
    Evaluation,
    Measurement,
    MeasurementGroup,
    MeasurementReport,
    algorithm_of,
)
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.sr_codes import (
    BILATERAL,
    HOUNSFIELD,
    LEFT,
    LUNG,
    MEAN,
    MEAN_HU,
    MILLILITRE,
    PERCENT,
    POINTS,
    VOLUME,
    private,
)
from covseg_core.io.dicom.sr_read import read_sr_measurements
from covseg_core.io.dicom.sr_write import write_sr_measurements
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.terminology import CONCEPTS
from covseg_core.volume import RESEARCH_ONLY, LesionMask

SHA256 = "5" * 64
MODEL = Algorithm("infnet-multi-small", SHA256)
GGO = CONCEPTS["ggo"].kind
ONE_THIRD_ML = 1000 / 3
OUTLINE = MeasurementGroup(
    "Outline: Ground-glass opacity",
    GGO,
    LUNG,
    BILATERAL,
    segment=1,
    algorithm=MODEL,
    measurements=(
        Measurement(VOLUME, ONE_THIRD_ML, MILLILITRE),
        Measurement(MEAN_HU, -512.25, HOUNSFIELD, MEAN),
    ),
)
LEFT_LUNG = MeasurementGroup(
    "Left lung",
    GGO,
    LUNG,
    LEFT,
    measurements=(
        Measurement(private("PO"), 12.5, PERCENT),
        Measurement(private("CT_SS"), 7, POINTS, method=private("BY_REGIONS20")),
    ),
    evaluations=(Evaluation(private("LEVEL"), private("LEVEL_SEVERE")),),
)
REPORT = MeasurementReport(
    (OUTLINE, LEFT_LUNG), ("CT-SS: 7 of 40.", "Zweite µ – Zeile")
)


@pytest.fixture
def written(tmp_path):
    """Write a segmentation of two classes and its measurements; return both files."""

    def write(ct, report=REPORT, kind="BINARY", **more):
        labels = np.zeros(ct.grid.shape, np.uint8)
        labels[1:3, 2:6, 3:9] = 1
        labels[3, 2:6, 3:9] = 2
        mask = TracedMask(
            LesionMask(labels, ct.grid), MaskOrigin("model", MODEL.name, SHA256)
        )
        seg, path = tmp_path / "seg.dcm", tmp_path / "sr.dcm"
        write_dicom_seg(seg, ct, [mask], kind=kind)
        write_sr_measurements(path, ct, report, seg, **more)
        return path, seg

    return write


def test_every_group_comes_back_as_it_was(scan, written):
    path, _ = written(scan())
    found = read_sr_measurements(path)
    assert found.groups == REPORT.groups
    assert found.comments == (RESEARCH_ONLY, *REPORT.comments)


def test_nobody_is_said_to_vouch_for_it(scan, written):
    document = dcmread(written(scan())[0])
    assert document.CompletionFlag == "PARTIAL"
    assert document.VerificationFlag == "UNVERIFIED"
    assert document.PreliminaryFlag == "PRELIMINARY"
    assert "VerifyingObserverSequence" not in document
    assert "research use only" in document.SeriesDescription
    content = highdicom.sr.EnhancedSR.from_dataset(document).content
    (observer,) = content.get_observer_contexts()
    assert observer.observer_type.meaning == "Device"
    identity = observer.observer_identifying_attributes
    assert (identity.name, identity.model_name) == ("covseg", "napari-covseg")


def test_a_reader_is_named_who_wants_to_be(scan, written):
    path, _ = written(scan(), reader="Doe^Jane")
    content = highdicom.sr.srread(path).content
    person, device = content.get_observer_contexts()
    assert person.observer_identifying_attributes.name == "Doe^Jane"
    assert device.observer_type.meaning == "Device"


def test_it_belongs_to_the_patient_and_study_of_the_scan(
    series, edit_all, tmp_path, written
):
    edit_all(series, PatientName="Doe^Jane", PatientID="4711", StudyDate="20200401")
    ct = read_dicom(series)
    path, seg = written(ct)
    document, source, mask = map(dcmread, (path, ct.source.paths[0], seg))
    for keyword in ("PatientName", "PatientID", "StudyDate", "StudyInstanceUID"):
        assert document[keyword].value == source[keyword].value
    assert document.SeriesInstanceUID not in (
        source.SeriesInstanceUID,
        mask.SeriesInstanceUID,
    )
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    named = {
        one.ReferencedSOPInstanceUID
        for of_series in study.ReferencedSeriesSequence
        for one in of_series.ReferencedSOPSequence
    }
    sources = {dcmread(one).SOPInstanceUID for one in ct.source.paths}
    assert named == {*sources, mask.SOPInstanceUID}


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_group_refers_to_its_segment_and_the_series(scan, written, kind):
    ct = scan()
    path, seg = written(ct, kind=kind)
    content = highdicom.sr.srread(path).content
    (group,) = content.get_volumetric_roi_measurement_groups()
    reference, mask = group.referenced_segment, dcmread(seg)
    assert reference.referenced_sop_instance_uid == mask.SOPInstanceUID
    assert reference.referenced_sop_class_uid == mask.SOPClassUID
    assert reference.referenced_segment_numbers == [1]
    assert reference.source_series_for_segmentation.value == ct.source.series_uid
    volume, mean = group.get_measurements()
    assert volume.value == ONE_THIRD_ML
    assert (mean.value, mean.derivation.meaning) == (-512.25, "Mean")
    (whole,) = content.get_image_measurement_groups()
    assert whole.get_measurements()[1].method.value == "BY_REGIONS20"


def test_another_program_reads_the_same_numbers(turned, written, tmp_path, dcmqi):
    path, _ = written(turned)
    dcmqi("tid1500reader", inputDICOM=path, outputMetadata=tmp_path / "sr.json")
    told = json.loads((tmp_path / "sr.json").read_text())
    assert told["VerificationFlag"] == "UNVERIFIED"
    assert len(told["imageLibrary"]) == turned.grid.shape[0]
    for ours, theirs in zip(REPORT.groups, told["Measurements"], strict=True):
        assert theirs["TrackingIdentifier"] == ours.title
        assert theirs.get("ReferencedSegment") == ours.segment
        assert theirs["Finding"]["CodeValue"] == ours.finding.value
        assert theirs["Laterality"]["CodeValue"] == ours.side.value
        values = [float(one["value"]) for one in theirs["measurementItems"]]
        assert values == pytest.approx([one.value for one in ours.measurements])
        units = [one["units"]["CodeValue"] for one in theirs["measurementItems"]]
        assert units == [one.unit.value for one in ours.measurements]
    algorithm = told["Measurements"][0]["measurementAlgorithmIdentification"]
    assert algorithm == {"AlgorithmName": MODEL.name, "AlgorithmVersion": SHA256}


def test_the_validator_finds_no_error(turned, written, dicom_errors):
    assert list(map(dicom_errors, written(turned))) == [[], []]


def test_nor_does_it_on_an_anonymised_scan(anonymised, written, dicom_errors):
    path, seg = written(anonymised)
    assert list(map(dicom_errors, (path, seg))) == [[], []]
    assert read_sr_measurements(path).groups == REPORT.groups


def test_nor_does_it_on_an_enhanced_ct(enhanced, written, dicom_errors):
    path, _ = written(read_dicom(enhanced))
    assert dicom_errors(path) == []


def test_a_corrected_outline_says_so_and_a_drawn_one_has_no_algorithm():
    model, edited, manual = starmap(
        lambda kind, name: algorithm_of(MaskOrigin(kind, name), "covseg 1"),
        [("model", "infnet"), ("edited", ""), ("manual", "")],
    )
    assert model == Algorithm("infnet", "covseg 1")
    assert edited == Algorithm("covseg", "covseg 1", ("Outline corrected by a reader",))
    assert manual is None


def test_a_synthetic_scan_is_marked_as_such(scan, written):
    ct = scan()
    ct = replace(ct, source=replace(ct.source, is_synthetic=True))
    assert dcmread(written(ct)[0]).SeriesDescription.startswith("SYNTHETIC ")


def test_measurements_without_a_segmentation_can_be_written(scan, tmp_path):
    report = MeasurementReport((LEFT_LUNG,))
    write_sr_measurements(tmp_path / "sr.dcm", scan(), report)
    assert read_sr_measurements(tmp_path / "sr.dcm").groups == (LEFT_LUNG,)


class TestRefusals:
    def test_a_scan_that_was_not_read_from_dicom(self, chest, tmp_path):
        with pytest.raises(UsageError, match="was not read from DICOM"):
            write_sr_measurements(tmp_path / "sr.dcm", chest, REPORT)

    def test_no_group(self, scan, tmp_path):
        with pytest.raises(UsageError, match="at least one group"):
            write_sr_measurements(tmp_path / "sr.dcm", scan(), MeasurementReport(()))

    def test_a_segment_that_there_is_not(self, scan, written):
        report = MeasurementReport((replace(OUTLINE, segment=7),))
        with pytest.raises(UsageError, match=r"segment 7, but the segm.*has 1, 2"):
            written(scan(), report)

    def test_a_segment_without_a_segmentation(self, scan, tmp_path):
        with pytest.raises(UsageError, match=r"segment 1, but .* has none"):
            write_sr_measurements(tmp_path / "sr.dcm", scan(), REPORT)


def test_an_old_file_survives_what_reads_back_differently(
    scan, written, tmp_path, monkeypatch
):
    (tmp_path / "sr.dcm").write_bytes(b"old")
    monkeypatch.setattr(module, "read_sr_measurements", lambda path: REPORT)
    with pytest.raises(OutputError, match=r"sr\.dcm was read back differently"):
        written(scan())
    assert (tmp_path / "sr.dcm").read_bytes() == b"old"
