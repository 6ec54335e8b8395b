"""Segmentations made by highdicom come back voxel by voxel, in any orientation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pytest
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.sr.coding import CodedConcept
from pydicom import dcmread
from pydicom.uid import generate_uid

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.seg import is_dicom_seg, read_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.volume import CTVolume, Grid

SHAPE = (5, 12, 16)
TISSUE = CodedConcept("85756007", "SCT", "Tissue")
GGO = CodedConcept("112120", "DCM", "Ground-glass opacity")
SOLID = CodedConcept("95436008", "SCT", "Consolidation")
INFECTED = CodedConcept("47351003", "SCT", "Infection")
LUNG = CodedConcept("39607008", "SCT", "Lung")
# Turned about x by 36.87 degrees, then about z by 16.26 degrees.
AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])


def _grid(axes):
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = 11.5, -20.25, 30.0
    return Grid(SHAPE, affine)


GRIDS = {
    "normal": _grid(np.diag([0.7, 0.8, 2.0])),
    "negated": _grid(np.diag([-0.7, -0.8, 2.0])),
    "transposed": _grid(np.array([[0, 0.8, 0], [0.7, 0, 0], [0, 0, -2.0]])),
    "oblique": _grid(AXES * (0.7, 0.8, 2.0)),
}


def _describe(number, label, kind=TISSUE):
    return SegmentDescription(
        number,
        label,
        CodedConcept("49755003", "SCT", "Morphologically abnormal structure"),
        kind,
        "MANUAL",
    )


@pytest.fixture
def scan(write_series):
    """Write a CT and read it back; gives it with the headers of its slices."""

    def make(grid=GRIDS["normal"]):
        hu = np.random.default_rng(2).integers(-1000, 200, SHAPE).astype(np.float32)
        folder = write_series(CTVolume(hu, grid))
        ct = read_dicom(folder)
        return ct, [dcmread(path) for path in ct.source.paths]

    return make


@pytest.fixture
def write_seg(tmp_path):
    """Write (Z, Y, X) label maps, one per segment, as a segmentation of a scan."""

    def write(headers, masks, segments, kind="BINARY", **options):
        seg = Segmentation(
            headers,
            np.stack(masks, axis=-1),
            kind,
            segments,
            series_instance_uid=generate_uid(),
            series_number=2,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="maker",
            manufacturer_model_name="model",
            software_versions="1",
            device_serial_number="1",
            **options,
        )
        path = tmp_path / "mask.dcm"
        seg.save_as(path)
        return path

    return write


@pytest.fixture
def two():
    """Masks of ground glass and consolidation, apart, with empty slices around."""
    ggo, solid = np.zeros((2, *SHAPE), bool)
    ggo[1:3, 2:6, 3:9] = True
    ggo[2, 2, 3] = False
    solid[2:4, 7:10, 10:15] = True
    return ggo, solid


CLASSES = [_describe(1, "a", GGO), _describe(2, "b", SOLID)]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("name", GRIDS)
def test_every_voxel_comes_back(scan, write_seg, two, name, kind):
    ct, headers = scan(GRIDS[name])
    path = write_seg(headers, [mask.astype(np.uint8) for mask in two], CLASSES, kind)
    masks = read_dicom_seg(path, ct)
    assert np.array_equal(masks.lesions.labels, two[0] + 2 * two[1])
    assert masks.lesions.label_set.name == "lesions"
    assert masks.lesions.grid is ct.grid
    assert masks.lungs is None
    assert masks.notes == ()


@pytest.mark.parametrize("name", GRIDS)
def test_a_scan_in_another_order_of_voxels_gets_the_same_places(
    scan, write_seg, two, stored, name
):
    ct, headers = scan(GRIDS[name])
    path = write_seg(headers, [mask.astype(np.uint8) for mask in two], CLASSES)
    plain = read_dicom_seg(path, ct).lesions
    turned = read_dicom_seg(path, stored(ct, (2, 0, 1), (True, False, True))).lesions
    expected = stored(plain, (2, 0, 1), (True, False, True))
    assert np.array_equal(turned.labels, expected.labels)
    assert turned.grid.matches(expected.grid)


def test_one_half_of_a_fraction_is_infection(scan, write_seg):
    ct, headers = scan()
    part = np.zeros(SHAPE, np.float32)
    part[2, 3, 4:8] = 0.2, 0.49, 0.51, 1.0
    path = write_seg(headers, [part], [_describe(1, "x", INFECTED)], "FRACTIONAL")
    mask = read_dicom_seg(path, ct).lesions
    assert np.argwhere(mask.labels).tolist() == [[2, 3, 6], [2, 3, 7]]
    assert mask.label_set.name == "infection"


def test_consolidation_wins_where_segments_overlap(scan, write_seg, two):
    ct, headers = scan()
    ggo, solid = two
    ggo = ggo | solid
    path = write_seg(headers, [ggo.astype(np.uint8), solid.astype(np.uint8)], CLASSES)
    masks = read_dicom_seg(path, ct)
    assert np.array_equal(masks.lesions.labels == 2, solid)
    assert masks.notes == ("30 voxels are ground glass and consolidation: the latter",)
    assert masks.lesions.source.notes == masks.notes


def test_infection_beside_classes_is_of_no_known_class(scan, write_seg, two):
    ct, headers = scan()
    ggo, solid = two
    segments = [_describe(1, "a", GGO), _describe(2, "all", INFECTED)]
    both = (ggo | solid).astype(np.uint8)
    path = write_seg(headers, [ggo.astype(np.uint8), both], segments)
    masks = read_dicom_seg(path, ct)
    assert np.array_equal(masks.lesions.labels == UNKNOWN_CLASS, solid)
    assert "30 voxels are infection of no known class" in masks.notes


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("GGO", [1]),
        ("Ground-glass opacity", [1]),
        ("consolidation left", [2]),
        ("COVID-19 lesion", [1]),
        ("Lung infection", [1]),
    ],
)
def test_words_count_where_the_code_says_nothing(scan, write_seg, two, label, values):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, label)])
    mask = read_dicom_seg(path, ct).lesions
    assert np.unique(mask.labels[two[0]]).tolist() == values


def test_lungs_have_the_side_of_their_code_or_label(scan, write_seg, two):
    ct, headers = scan()
    coded = _describe(1, "organ", CodedConcept("39607008", "SCT", "Lung"))
    side = CodedConcept("7771000", "SCT", "Left")
    kind = coded.SegmentedPropertyTypeCodeSequence[0]
    kind.SegmentedPropertyTypeModifierCodeSequence = [side]
    segments = [coded, _describe(2, "Right lung"), _describe(3, "lung", LUNG)]
    masks = [two[0], two[1], two[0]]
    path = write_seg(headers, [mask.astype(np.uint8) for mask in masks], segments)
    found = read_dicom_seg(path, ct)
    assert np.array_equal(found.lungs.labels, 2 * two[0] + two[1])
    assert found.lesions is None
    assert found.notes == ("segments left out: 'lung' (SCT 39607008)",)


def test_a_reader_is_trusted_no_more_than_the_least_of_the_segments(
    scan, write_seg, two
):
    ct, headers = scan()
    drawn, found = _describe(1, "a", GGO), _describe(2, "b", SOLID)
    masks = [mask.astype(np.uint8) for mask in two]
    path = write_seg(headers, masks, [drawn, found])
    assert read_dicom_seg(path, ct).origin == MaskOrigin("manual")
    found.SegmentAlgorithmType = "AUTOMATIC"
    found.SegmentAlgorithmName = "somebody's model"
    path = write_seg(headers, masks, [drawn, found])
    assert read_dicom_seg(path, ct).origin == MaskOrigin("model", "somebody's model")
    found.SegmentAlgorithmType = "SEMIAUTOMATIC"
    path = write_seg(headers, masks, [drawn, found])
    assert read_dicom_seg(path, ct).origin.kind == "edited"


def test_a_scan_of_another_series_is_noted(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    other = replace(ct, source=replace(ct.source, series_uid="1.2.3"))
    assert "another series" in read_dicom_seg(path, other).notes[0]


def test_a_segmentation_of_nothing_known_is_refused(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "Heart")])
    with pytest.raises(InputRefusedError, match=r"mask\.dcm: no segment is.*'Heart'"):
        read_dicom_seg(path, ct)


@pytest.mark.parametrize("shift_mm", [0.02, 0.35])
def test_a_scan_between_the_pixels_is_refused(scan, write_seg, two, shift_mm):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    affine = ct.grid.affine_lps.copy()
    affine[0, 3] += shift_mm
    beside = replace(ct, grid=Grid(SHAPE, affine))
    with pytest.raises(GeometryError, match=f"{shift_mm} mm beside the voxels"):
        read_dicom_seg(path, beside)


def test_jitter_below_a_hundredth_of_a_millimetre_is_no_matter(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    affine = ct.grid.affine_lps.copy()
    affine[:3, 3] += 0.004
    mask = read_dicom_seg(path, replace(ct, grid=Grid(SHAPE, affine))).lesions
    assert np.array_equal(mask.labels == 1, two[0])


def test_a_segmentation_of_slices_at_rounded_positions_is_read(scan, write_seg, two):
    ct, _ = scan(_grid(np.diag([0.7, 0.8, 0.625])))
    for path in map(Path, ct.source.paths):
        header = dcmread(path)
        header.ImagePositionPatient[2] = round(header.ImagePositionPatient[2], 1)
        header.save_as(path)
    ct = read_dicom(path.parent)
    headers = [dcmread(path) for path in ct.source.paths]
    steps_mm = np.diff([header.ImagePositionPatient[2] for header in headers])
    assert np.ptp(steps_mm) == pytest.approx(0.1)
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    assert np.array_equal(read_dicom_seg(path, ct).lesions.labels == 1, two[0])


def test_a_scan_between_the_slices_is_refused(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    affine = ct.grid.affine_lps.copy()
    affine[2, 3] += 0.35
    with pytest.raises(GeometryError, match=r"0\.35 mm beside .* at most 0\.101 mm"):
        read_dicom_seg(path, replace(ct, grid=Grid(SHAPE, affine)))


def test_a_scan_of_other_spacing_is_refused(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    coarse = Grid(SHAPE, ct.grid.affine_lps * np.array([2.0, 2.0, 1.0, 1.0]))
    with pytest.raises(GeometryError, match="not resampled"):
        read_dicom_seg(path, replace(ct, grid=coarse))


def test_a_scan_that_was_cropped_is_refused(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    part = Grid((5, 4, 16), ct.grid.affine_lps)
    with pytest.raises(GeometryError, match="marks pixels outside the CT"):
        read_dicom_seg(path, CTVolume(ct.hu[:, :4], part))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_file_is_refused(scan, write_seg, two, share):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputRefusedError, match=r"mask\.dcm"):
        read_dicom_seg(path, ct)


def test_damaged_bytes_end_in_a_sentence(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    content = path.read_bytes()
    rng = np.random.default_rng(5)
    refusals = []
    for _ in range(30):
        damaged = bytearray(content)
        for place in rng.integers(132, len(content), 12):
            damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        refusals.append(_refusal(path, ct))
    assert sum(map(bool, refusals)) > 10
    assert all(said.startswith("mask.dcm") for said in refusals if said)


def _refusal(path, ct):
    try:
        read_dicom_seg(path, ct)
    except InputRefusedError as error:
        return str(error)
    return ""


def test_a_claim_of_too_many_frames_takes_no_memory(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    dataset = dcmread(path)
    dataset.NumberOfFrames = 2**30
    dataset.save_as(path)
    with pytest.raises(InputRefusedError, match=r"claims \d+ pixels"):
        read_dicom_seg(path, ct)
    dataset.NumberOfFrames = 9999
    dataset.save_as(path)
    with pytest.raises(InputRefusedError, match="too short"):
        read_dicom_seg(path, ct)


def test_a_frame_without_a_place_is_refused(scan, write_seg, two):
    ct, headers = scan()
    path = write_seg(headers, [two[0].astype(np.uint8)], [_describe(1, "GGO")])
    dataset = dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    dataset.save_as(path)
    with pytest.raises(InputRefusedError, match=r"mask\.dcm"):
        read_dicom_seg(path, ct)


def test_a_slice_of_a_ct_is_no_segmentation(scan, write_seg, two, tmp_path):
    ct, headers = scan()
    with pytest.raises(InputRefusedError, match="is no DICOM segmentation"):
        read_dicom_seg(tmp_path / "series" / "slice_0001.dcm", ct)
    path = write_seg(headers, [two[0].astype(np.uint8)], CLASSES[:1])
    (tmp_path / "junk").write_bytes(b"junk")
    named = path, tmp_path / "series" / "slice_0001.dcm", tmp_path / "junk", tmp_path
    assert [is_dicom_seg(one) for one in named] == [True, False, False, False]


def test_highdicom_places_the_same_voxels(scan, write_seg, two):
    ct, headers = scan(GRIDS["oblique"])
    path = write_seg(headers, [mask.astype(np.uint8) for mask in two], CLASSES)
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    ours = read_dicom_seg(path, ct).lesions
    theirs = volume.affine @ np.array([*np.argwhere(volume.array == 2).mean(axis=0), 1])
    centre = ours.grid.world_mm(np.argwhere(ours.labels == 2).mean(axis=0))
    assert centre == pytest.approx(theirs[:3], abs=1e-3)
