"""`cases add --mask` and `--lungs` take DICOM segmentations."""

from __future__ import annotations

import numpy as np
import pytest
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.sr.coding import CodedConcept
from pydicom import dcmread
from pydicom.uid import generate_uid

from covseg_core.cases.store import CaseStore
from covseg_core.io.dicom import read_dicom


@pytest.fixture(scope="session")
def segmentation(dicom, blocks, tmp_path_factory):
    """The phantom's lesions and lungs as two segmentations of its series."""
    headers = [dcmread(path) for path in read_dicom(dicom).source.paths]
    folder = tmp_path_factory.mktemp("segmentations")
    tissue = CodedConcept("85756007", "SCT", "Tissue")
    for name, labels, words in (
        ("lesions", blocks.lesions.labels, ("GGO", "Consolidation")),
        ("lungs", blocks.lungs.labels, ("Right lung", "Left lung")),
    ):
        seg = Segmentation(
            headers,
            labels,
            "BINARY",
            [
                SegmentDescription(number, word, tissue, tissue, "MANUAL")
                for number, word in enumerate(words, 1)
            ],
            series_instance_uid=generate_uid(),
            series_number=2,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="maker",
            manufacturer_model_name="model",
            software_versions="1",
            device_serial_number="1",
        )
        seg.save_as(folder / f"{name}.dcm")
    return folder


def test_segmentations_become_mask_and_lungs(
    covseg, store, dicom, segmentation, blocks
):
    answer = covseg(
        *("cases", "add", store, "--ct", dicom),
        *("--mask", segmentation / "lesions.dcm"),
        *("--lungs", segmentation / "lungs.dcm"),
    )
    assert answer.code == 0, answer.err
    opened = CaseStore(store)
    assert np.array_equal(opened.mask("case-0001").labels, blocks.lesions.labels)
    assert np.array_equal(opened.lungs("case-0001").labels, blocks.lungs.labels)


def test_a_segmentation_fits_the_same_scan_as_nifti(
    covseg, store, scan, segmentation, blocks
):
    mask = segmentation / "lesions.dcm"
    answer = covseg("cases", "add", store, "--ct", scan, "--mask", mask)
    assert answer.code == 0, answer.err
    stored = CaseStore(store).mask("case-0001")
    assert np.array_equal(stored.labels, blocks.lesions.labels)


def test_lungs_are_no_mask_of_infection(refused, store, dicom, segmentation):
    mask = segmentation / "lungs.dcm"
    line = refused(3, "cases", "add", store, "--ct", dicom, "--mask", mask)
    assert "lungs.dcm has lungs only" in line
    mask = segmentation / "lesions.dcm"
    line = refused(3, "cases", "add", store, "--ct", dicom, "--lungs", mask)
    assert "no segment of a lung with its side" in line
