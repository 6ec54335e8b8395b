"""Measurement reports of others are read, and what is none is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import sr_read as module
from covseg_core.io.dicom.measurements import (
    Measurement,
    MeasurementGroup,
    MeasurementReport,
)
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.sr_codes import LUNG, MILLILITRE, RIGHT, VOLUME
from covseg_core.io.dicom.sr_read import read_sr_measurements
from covseg_core.io.dicom.sr_write import write_sr_measurements
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.terminology import CONCEPTS, Code
from covseg_core.volume import LesionMask

GGO = CONCEPTS["ggo"].kind
GROUP = MeasurementGroup(
    "Right", GGO, LUNG, RIGHT, measurements=(Measurement(VOLUME, 2.5, MILLILITRE),)
)


@pytest.fixture
def ours(scan, tmp_path):
    path = tmp_path / "sr.dcm"
    write_sr_measurements(path, scan(), MeasurementReport((GROUP,)))
    return path


def as_json(code: Code) -> dict[str, str]:
    return {
        "CodeValue": code.value,
        "CodingSchemeDesignator": code.scheme,
        "CodeMeaning": code.meaning,
    }


def of_another_program(ct, seg) -> dict:
    """What dcmqi is told to write: one group of one segment."""
    mask = dcmread(seg)
    names = [path.rsplit("/", 1)[-1] for path in ct.source.paths]
    group = {
        "TrackingIdentifier": "Lesion 1",
        "ReferencedSegment": 1,
        "segmentationSOPInstanceUID": mask.SOPInstanceUID,
        "SourceSeriesForImageSegmentation": ct.source.series_uid,
        "Finding": as_json(GGO),
        "FindingSite": as_json(LUNG),
        "Laterality": as_json(RIGHT),
        "measurementItems": [
            {
                "value": "37.5",
                "quantity": as_json(VOLUME),
                "units": as_json(MILLILITRE),
            }
        ],
    }
    return {
        "SeriesDescription": "Measurements",
        "SeriesNumber": "1001",
        "InstanceNumber": "1",
        "compositeContext": [seg.name],
        "imageLibrary": names,
        "observerContext": {
            "ObserverType": "PERSON",
            "PersonObserverName": "Reader1",
        },
        "VerificationFlag": "UNVERIFIED",
        "CompletionFlag": "COMPLETE",
        "activitySession": "1",
        "timePoint": "1",
        "Measurements": [group],
    }


def test_a_report_of_another_program_is_read(scan, tmp_path, dcmqi):
    ct, seg = scan(), tmp_path / "seg.dcm"
    labels = np.ones(ct.grid.shape, np.uint8)
    mask = TracedMask(LesionMask(labels, ct.grid), MaskOrigin("manual"))
    write_dicom_seg(seg, ct, [mask])
    (tmp_path / "told.json").write_text(json.dumps(of_another_program(ct, seg)))
    dcmqi(
        "tid1500writer",
        inputMetadata=tmp_path / "told.json",
        inputImageLibraryDirectory=tmp_path / "series",
        inputCompositeContextDirectory=tmp_path,
        outputDICOM=tmp_path / "theirs.dcm",
    )
    (group,) = read_sr_measurements(tmp_path / "theirs.dcm").groups
    assert (group.title, group.segment) == ("Lesion 1", 1)
    assert (group.finding, group.site, group.side) == (GGO, LUNG, RIGHT)
    assert group.measurements == (Measurement(VOLUME, 37.5, MILLILITRE),)
    assert group.algorithm is None


def test_a_number_with_a_reason_in_its_place_is_left_out(ours):
    document = dcmread(ours)
    container = document.ContentSequence[-2]
    number = container.ContentSequence[0].ContentSequence[-1]
    assert number.ValueType == "NUM"
    number.MeasuredValueSequence = []
    document.save_as(ours)
    assert read_sr_measurements(ours).groups[0].measurements == ()


def test_damaged_bytes_end_in_a_report_or_a_sentence(ours):
    whole, rng = ours.read_bytes(), np.random.default_rng(7)
    refused = []
    for _ in range(60):
        spoiled = bytearray(whole)
        for place in rng.integers(132, len(whole), 20):
            spoiled[place] = rng.integers(256)
        ours.write_bytes(spoiled)
        try:
            found = read_sr_measurements(ours)
            assert isinstance(found, MeasurementReport)
        except InputRefusedError as refusal:
            refused.append(str(refusal))
    assert 0 < len(refused) < 60
    assert all(sentence.startswith("sr.dcm") for sentence in refused)


class TestRefusals:
    def test_a_slice_of_a_ct(self, scan):
        ct = scan()
        with pytest.raises(InputRefusedError, match="does not follow template 1500"):
            read_sr_measurements(Path(ct.source.paths[0]))

    def test_a_cut_file(self, ours):
        ours.write_bytes(ours.read_bytes()[:-900])
        with pytest.raises(
            InputRefusedError, match=r"^sr\.dcm: its last 900 bytes are missing"
        ):
            read_sr_measurements(ours)

    def test_no_dicom_at_all(self, tmp_path):
        (tmp_path / "notes.txt").write_text("a report " * 100)
        with pytest.raises(InputRefusedError, match=r"notes\.txt is not a readable"):
            read_sr_measurements(tmp_path / "notes.txt")

    def test_a_file_that_is_too_large(self, ours, monkeypatch):
        monkeypatch.setattr(module, "MAX_BYTES", 1000)
        with pytest.raises(InputRefusedError, match="which no report of meas"):
            read_sr_measurements(ours)
