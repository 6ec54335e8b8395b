"""Segmentations of dcmqi are read voxel by voxel, and dcmqi reads ours so."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.volume import LesionMask, LungMask

ABNORMAL = "SCT", "49755003", "Morphologically Abnormal Structure"
ANATOMY = "SRT", "T-D0050", "Tissue"
GGO = "DCM", "112120", "Ground glass opacity"
SOLID = "SCT", "95436008", "Lung consolidation"
LIVER = "SCT", "10200004", "Liver"
OLD_LUNG = "SRT", "T-28000", "Lung"
OLD_SIDES = ("SRT", "G-A100", "Right"), ("SRT", "G-A101", "Left")
MODEL = MaskOrigin("model", "infnet", "5" * 64)


def lesions_on(ct) -> LesionMask:
    """Two classes with empty slices around."""
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[1:3, 2:6, 3:9] = 1
    labels[2, 2, 3] = 0
    labels[2:4, 7:10, 10:15] = 2
    return LesionMask(labels, ct.grid)


def lungs_on(ct) -> LungMask:
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[1:, 1:11, :8] = 1
    labels[:-1, 1:11, 8:16] = 2
    return LungMask(labels, ct.grid)


def _coded(code) -> dict[str, str]:
    return dict(
        zip(("CodingSchemeDesignator", "CodeValue", "CodeMeaning"), code, strict=True)
    )


def _segment(number, kind, side=None) -> dict:
    described = {
        "labelID": number,
        "SegmentDescription": "x",
        "SegmentLabel": "x",
        "SegmentAlgorithmType": "SEMIAUTOMATIC",
        "SegmentAlgorithmName": "another",
        "SegmentedPropertyCategoryCodeSequence": _coded(ANATOMY if side else ABNORMAL),
        "SegmentedPropertyTypeCodeSequence": _coded(kind),
        "recommendedDisplayRGBValue": [1, 2, 3],
    }
    if side:
        described["SegmentedPropertyTypeModifierCodeSequence"] = _coded(side)
    return described


@pytest.fixture
def theirs(tmp_path, dcmqi):
    """Have dcmqi write a mask as a segmentation without its empty slices."""

    def write(ct, mask, segments, kind="binary"):
        meta = {
            "ContentCreatorName": "Reader1",
            "SeriesDescription": "Segmentation",
            "SeriesNumber": "300",
            "InstanceNumber": "1",
            "segmentAttributes": [segments],
        }
        write_nifti_labels(tmp_path / "mask.nii.gz", mask)
        (tmp_path / "meta.json").write_text(json.dumps(meta))
        dcmqi(
            "itkimage2segimage",
            inputImageList=tmp_path / "mask.nii.gz",
            inputDICOMDirectory=Path(ct.source.paths[0]).parent,
            inputMetadata=tmp_path / "meta.json",
            outputDICOM=tmp_path / "theirs.dcm",
            segmentationType=kind,
            skip="1",
        )
        return tmp_path / "theirs.dcm"

    return write


@pytest.fixture
def read_by_them(tmp_path, dcmqi):
    """Have dcmqi turn a segmentation into NIfTI, the only file or one per segment."""

    def read(path):
        folder = tmp_path / "images"
        folder.mkdir()
        dcmqi(
            "segimage2itkimage",
            inputDICOM=path,
            outputDirectory=folder,
            outputType="nifti",
        )
        return [nib.load(one) for one in sorted(folder.glob("*.nii.gz"))]

    return read


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_a_segmentation_of_dcmqi_is_read_voxel_by_voxel(turned, theirs, kind):
    mask = lesions_on(turned)
    path = theirs(turned, mask, [_segment(1, GGO), _segment(2, SOLID)], kind)
    # Of five slices one is empty in both classes, at least.
    assert len(dcmread(path).PerFrameFunctionalGroupsSequence) < 2 * len(mask.labels)
    found = read_dicom_seg(path, turned)
    assert np.array_equal(found.lesions.labels, mask.labels)
    assert found.notes == ()
    assert found.origin == MaskOrigin("edited", "another")


def test_lungs_with_codes_of_snomed_rt_have_their_sides(turned, theirs):
    mask = lungs_on(turned)
    segments = [
        _segment(number, OLD_LUNG, side) for number, side in enumerate(OLD_SIDES, 1)
    ]
    found = read_dicom_seg(theirs(turned, mask, segments), turned)
    assert np.array_equal(found.lungs.labels, mask.labels)
    assert found.lesions is None


def test_what_is_unknown_is_refused_by_label_and_code(scan, theirs):
    ct = scan()
    segments = [_segment(1, LIVER), _segment(2, OLD_LUNG)]
    path = theirs(ct, lesions_on(ct), segments)
    with pytest.raises(InputRefusedError, match=r"no segment is ground.*it has") as no:
        read_dicom_seg(path, ct)
    assert "'x' (SCT 10200004), 'x' (SRT T-28000)" in str(no.value)


def test_what_is_unknown_beside_a_lesion_is_noted(scan, theirs):
    ct = scan()
    path = theirs(ct, lesions_on(ct), [_segment(1, GGO), _segment(2, LIVER)])
    found = read_dicom_seg(path, ct)
    assert np.array_equal(found.lesions.labels, lesions_on(ct).labels == 1)
    assert found.notes == ("segments left out: 'x' (SCT 10200004)",)


def assert_same_voxels(image, marked, grid, path) -> None:
    """Compare with the NIfTI export: each voxel, and the centre within 1e-3 mm."""
    write_nifti_labels(path, LesionMask(marked.astype(np.uint8), grid))
    ours = nib.load(path)
    assert image.shape == ours.shape
    to_ours = np.linalg.inv(ours.affine) @ image.affine
    places = nib.affines.apply_affine(to_ours, np.argwhere(image.get_fdata() > 0))
    assert np.abs(places - np.rint(places)).max() < 1e-3
    again = np.zeros(ours.shape, bool)
    again[tuple(np.rint(places).astype(int).T)] = True
    assert np.array_equal(again, ours.get_fdata() > 0)
    centres = [
        nib.affines.apply_affine(
            one.affine, np.argwhere(one.get_fdata() > 0).mean(axis=0)
        )
        for one in (image, ours)
    ]
    assert np.linalg.norm(centres[0] - centres[1]) < 1e-3


def test_dcmqi_reads_every_segment_of_ours(turned, tmp_path, read_by_them):
    lesions, lungs = lesions_on(turned), lungs_on(turned)
    masks = [
        TracedMask(lesions, MODEL),
        TracedMask(lungs, MaskOrigin("model", "hu-threshold")),
    ]
    write_dicom_seg(tmp_path / "ours.dcm", turned, masks)
    images = read_by_them(tmp_path / "ours.dcm")
    meant = [mask.labels == value for mask in (lesions, lungs) for value in (1, 2)]
    for image, marked in zip(images, meant, strict=True):
        assert_same_voxels(image, marked, turned.grid, tmp_path / "one.nii.gz")


def test_dcmqi_reads_ours_on_an_anonymised_scan(anonymised, tmp_path, read_by_them):
    lesions = lesions_on(anonymised)
    write_dicom_seg(tmp_path / "ours.dcm", anonymised, [TracedMask(lesions, MODEL)])
    for value, image in enumerate(read_by_them(tmp_path / "ours.dcm"), 1):
        marked = lesions.labels == value
        assert_same_voxels(image, marked, anonymised.grid, tmp_path / "one.nii.gz")


def test_dcmqi_reads_our_label_map(turned, tmp_path, read_by_them):
    lesions = lesions_on(turned)
    path = tmp_path / "ours.dcm"
    write_dicom_seg(path, turned, [TracedMask(lesions, MODEL)], kind="LABELMAP")
    (image,) = read_by_them(path)
    for value in (1, 2):
        one = nib.Nifti1Image((image.get_fdata() == value) * np.uint8(1), image.affine)
        marked = lesions.labels == value
        assert_same_voxels(one, marked, turned.grid, tmp_path / "one.nii.gz")


def test_the_validator_finds_no_error_on_an_anonymised_scan(
    anonymised, tmp_path, dicom_errors
):
    masks = [TracedMask(lesions_on(anonymised), MODEL)]
    write_dicom_seg(tmp_path / "ours.dcm", anonymised, masks)
    assert dicom_errors(tmp_path / "ours.dcm") == []
