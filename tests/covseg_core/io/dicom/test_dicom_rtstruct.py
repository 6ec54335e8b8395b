"""Contours enclose the voxels of the mask, on the slices that they name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import OutputError, UsageError
from covseg_core.io.dicom import derived, read_dicom
from covseg_core.io.dicom.rtstruct import write_rtstruct
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.volume import LesionMask, LungMask

SHAPE = (5, 14, 18)
TURNS = "normal", "negated", "transposed", "oblique"


def lesions_on(ct) -> LesionMask:
    """A block, a ring with an island, and lesions of one voxel."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2:9, 3:12] = 1
    labels[2, 2:9, 3:12] = 1
    labels[2, 4:7, 5:10] = 0
    labels[2, 5, 7] = 1
    labels[3, 0, 0] = 2
    labels[3, 13, 17] = 2
    labels[4, 3, 3] = labels[4, 4, 4] = 2
    return LesionMask(labels, ct.grid)


def write(path, ct, origin="edited"):
    masks = [TracedMask(lesions_on(ct), MaskOrigin(origin, "infnet"))]
    write_rtstruct(path, ct, masks)
    return dcmread(path)


def lines_of(region):
    """Contours of a region in mm, with the slice that each of them names."""
    for contour in region.get("ContourSequence", ()):
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert len(points) == contour.NumberOfContourPoints
        assert contour.ContourGeometricType == "CLOSED_PLANAR"
        yield contour.ContourImageSequence[0].ReferencedSOPInstanceUID, points


def filled(lines, header, shape):
    """Mark the pixels of a slice whose centres an odd number of lines surrounds."""
    corner = np.array(header.ImagePositionPatient)
    cosines = np.array(header.ImageOrientationPatient)
    inside = np.zeros(shape, bool)
    for points in lines:
        column = (points - corner) @ cosines[:3] / header.PixelSpacing[1]
        row = (points - corner) @ cosines[3:] / header.PixelSpacing[0]
        assert np.abs((points - corner) @ np.cross(*cosines.reshape(2, 3))).max() < 1e-3
        ahead = np.roll(row, -1), np.roll(column, -1)
        for y, x in np.ndindex(*shape):
            crosses = (row > y) != (ahead[0] > y)
            rise = np.where(crosses, ahead[0] - row, 1)
            where = column + (y - row) * (ahead[1] - column) / rise
            inside[y, x] ^= bool((crosses & (where > x)).sum() % 2)
    return inside


@pytest.mark.parametrize("name", TURNS)
def test_contours_filled_by_even_and_odd_give_the_mask_again(scan, tmp_path, name):
    ct = scan(name)
    document = write(tmp_path / "contours.dcm", ct)
    headers = {one.SOPInstanceUID: one for one in map(dcmread, ct.source.paths)}
    order = [dcmread(path).SOPInstanceUID for path in ct.source.paths]
    again = np.zeros(SHAPE, np.uint8)
    for value, region in enumerate(document.ROIContourSequence, 1):
        of_slice: dict[str, list] = {}
        for uid, points in lines_of(region):
            of_slice.setdefault(uid, []).append(points)
        for uid, lines in of_slice.items():
            place = order.index(uid)
            again[place][filled(lines, headers[uid], SHAPE[1:])] = value
    assert np.array_equal(again, lesions_on(ct).labels)


def test_the_area_of_a_block_is_its_own_but_for_its_border(scan, tmp_path):
    region = write(tmp_path / "contours.dcm", scan()).ROIContourSequence[0]
    _, points = next(lines_of(region))
    x, y = points[:, 0], points[:, 1]
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    # 7 rows of 0.8 mm, 9 columns of 0.7 mm; each corner is cut by an eighth of a pixel.
    assert area == pytest.approx(7 * 0.8 * 9 * 0.7 - 4 * 0.8 * 0.7 / 8, abs=1e-3)


def test_regions_have_names_colours_and_origin(scan, tmp_path):
    document = write(tmp_path / "contours.dcm", scan())
    regions = document.StructureSetROISequence
    assert [region.ROIName for region in regions] == [
        "Ground-glass opacity",
        "Consolidation",
    ]
    assert {region.ROIGenerationAlgorithm for region in regions} == {"SEMIAUTOMATIC"}
    assert document.ROIContourSequence[0].ROIDisplayColor == [230, 159, 0]
    numbers = [region.ROINumber for region in regions]
    assert numbers == [1, 2]
    for outlines in (document.ROIContourSequence, document.RTROIObservationsSequence):
        assert [outline.ReferencedROINumber for outline in outlines] == numbers


def test_lungs_can_be_regions_too_and_an_empty_class_has_no_contour(scan, tmp_path):
    ct = scan()
    labels = np.zeros(SHAPE, np.uint8)
    labels[2, 3:9, 3:9] = 1
    masks = [TracedMask(LungMask(labels, ct.grid), MaskOrigin("model", "hu-threshold"))]
    write_rtstruct(tmp_path / "contours.dcm", ct, masks)
    document = dcmread(tmp_path / "contours.dcm")
    right, left = document.ROIContourSequence
    assert len(right.ContourSequence) == 1
    assert "ContourSequence" not in left
    assert document.StructureSetROISequence[1].ROIName == "Left lung"


def test_it_refers_to_the_series_and_its_study(scan, tmp_path):
    ct = scan()
    document = write(tmp_path / "contours.dcm", ct)
    first = dcmread(ct.source.paths[0])
    frame = document.ReferencedFrameOfReferenceSequence[0]
    assert frame.FrameOfReferenceUID == first.FrameOfReferenceUID
    study = frame.RTReferencedStudySequence[0]
    assert study.ReferencedSOPInstanceUID == first.StudyInstanceUID
    series = study.RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == first.SeriesInstanceUID
    assert len(series.ContourImageSequence) == SHAPE[0]
    assert document.PatientName == first.PatientName


def test_contours_on_an_enhanced_ct_name_its_frames(enhanced, tmp_path):
    ct = read_dicom(enhanced)
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[3, 5:9, 5:9] = 1
    masks = [TracedMask(LesionMask(labels, ct.grid), MaskOrigin("manual"))]
    write_rtstruct(tmp_path / "contours.dcm", ct, masks)
    (contour,) = (
        dcmread(tmp_path / "contours.dcm").ROIContourSequence[0].ContourSequence
    )
    named = contour.ContourImageSequence[0]
    source = dcmread(enhanced)
    assert named.ReferencedSOPInstanceUID == source.SOPInstanceUID
    shown = source.PerFrameFunctionalGroupsSequence[named.ReferencedFrameNumber - 1]
    height = shown.PlanePositionSequence[0].ImagePositionPatient[2]
    assert contour.ContourData[2] == pytest.approx(height, abs=1e-3)


def test_a_synthetic_scan_is_marked_as_such(scan, tmp_path):
    ct = scan()
    ct = replace(ct, source=replace(ct.source, is_synthetic=True))
    document = write(tmp_path / "contours.dcm", ct)
    assert document.SeriesDescription.startswith("SYNTHETIC ")


def test_a_scan_that_was_not_read_from_dicom_is_refused(chest, tmp_path):
    mask = LesionMask(np.zeros(chest.grid.shape, np.uint8), chest.grid)
    with pytest.raises(UsageError, match="was not read from DICOM"):
        write_rtstruct(
            tmp_path / "x.dcm", chest, [TracedMask(mask, MaskOrigin("manual"))]
        )


def test_an_old_file_survives_what_reads_back_differently(scan, tmp_path, monkeypatch):
    ct = scan()
    (tmp_path / "contours.dcm").write_bytes(b"old")
    monkeypatch.setattr(derived, "dcmread", lambda path: None)
    with pytest.raises(OutputError, match=r"contours\.dcm was read back differently"):
        write(tmp_path / "contours.dcm", ct)
    assert (tmp_path / "contours.dcm").read_bytes() == b"old"


def test_the_validator_finds_no_error(turned, tmp_path, dicom_errors):
    write(tmp_path / "contours.dcm", turned)
    assert dicom_errors(tmp_path / "contours.dcm") == []
