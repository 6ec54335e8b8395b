"""A written segmentation lies on its CT and says whose it is and who drew it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import config, dcmread
from pydicom.uid import UID

from covseg_core.errors import (
    GeometryError,
    InputRefusedError,
    OutputError,
    UsageError,
)
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom import seg_write as module
from covseg_core.io.dicom.measurements import algorithm_of
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

SHAPE = (5, 12, 16)
AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])
SHA256 = "5" * 64
MODEL = MaskOrigin("model", "infnet-multi-small", SHA256)


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


@pytest.fixture
def scan(write_series):
    """Write a CT as a series and read it back."""

    def make(name="normal"):
        hu = np.random.default_rng(2).integers(-1000, 200, SHAPE).astype(np.float32)
        return read_dicom(write_series(CTVolume(hu, GRIDS[name])))

    return make


def lesions_on(ct) -> LesionMask:
    """Ground glass and consolidation with empty slices around."""
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[1:3, 2:6, 3:9] = 1
    labels[2, 2, 3] = 0
    labels[2:4, 7:10, 10:15] = 2
    return LesionMask(labels, ct.grid)


def lungs_on(ct) -> LungMask:
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[:, 1:11, :8] = 1
    labels[:, 1:11, 8:] = 2
    return LungMask(labels, ct.grid)


def traced(mask, origin=MODEL) -> TracedMask:
    return TracedMask(mask, origin)


def raw_centre_mm(path, number):
    """Centre of a segment, from the plain elements and bits of the file."""
    seg = dcmread(path)
    bits = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")
    size = seg.Rows * seg.Columns
    frames = bits[: seg.NumberOfFrames * size].reshape(-1, seg.Rows, seg.Columns)
    shared = seg.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient)
    spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    points = []
    for pixels, groups in zip(
        frames, seg.PerFrameFunctionalGroupsSequence, strict=True
    ):
        segment = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        corner = np.array(groups.PlanePositionSequence[0].ImagePositionPatient)
        if segment == number:
            points += [
                corner
                + row * spacing[0] * cosines[3:]
                + column * spacing[1] * cosines[:3]
                for row, column in np.argwhere(pixels)
            ]
    return np.mean(points, axis=0)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("name", GRIDS)
def test_every_voxel_comes_back(scan, tmp_path, name, kind):
    ct = scan(name)
    mask = lesions_on(ct)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(mask)], kind=kind)
    found = read_dicom_seg(tmp_path / "mask.dcm", ct)
    assert np.array_equal(found.lesions.labels, mask.labels)
    assert found.lungs is None
    assert found.notes == ()
    assert dcmread(tmp_path / "mask.dcm").SegmentationType == kind


@pytest.mark.parametrize("name", GRIDS)
def test_other_readers_find_each_segment_at_its_place(scan, tmp_path, name):
    ct = scan(name)
    mask = lesions_on(ct)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(mask)])
    seg = highdicom.seg.segread(tmp_path / "mask.dcm")
    volume = seg.get_volume(combine_segments=True)
    for value in (1, 2):
        ours = ct.grid.world_mm(np.argwhere(mask.labels == value).mean(axis=0))
        index = np.append(np.argwhere(volume.array == value).mean(axis=0), 1)
        assert (volume.affine @ index)[:3] == pytest.approx(ours, abs=1e-3)
        assert raw_centre_mm(tmp_path / "mask.dcm", value) == pytest.approx(
            ours, abs=1e-3
        )
    assert volume.spatial_shape == SHAPE


@pytest.mark.parametrize("name", GRIDS)
def test_scan_and_mask_in_another_order_of_voxels_make_the_same_file(
    scan, stored, tmp_path, name
):
    ct = scan(name)
    order, flips = (2, 0, 1), (True, False, True)
    mask = stored(lesions_on(ct), order, flips)
    write_dicom_seg(tmp_path / "mask.dcm", stored(ct, order, flips), [traced(mask)])
    found = read_dicom_seg(tmp_path / "mask.dcm", ct)
    assert np.array_equal(found.lesions.labels, lesions_on(ct).labels)


def test_infection_and_lungs_go_into_one_file_though_they_overlap(scan, tmp_path):
    ct = scan()
    masks = [
        traced(lesions_on(ct)),
        traced(lungs_on(ct), MaskOrigin("model", "hu-threshold")),
    ]
    write_dicom_seg(tmp_path / "both.dcm", ct, masks)
    found = read_dicom_seg(tmp_path / "both.dcm", ct)
    assert np.array_equal(found.lesions.labels, lesions_on(ct).labels)
    assert np.array_equal(found.lungs.labels, lungs_on(ct).labels)
    with pytest.raises(UsageError, match="2 masks may overlap"):
        write_dicom_seg(tmp_path / "map.dcm", ct, masks, kind="LABELMAP")


def test_infection_of_one_class_and_of_unknown_class_come_back(scan, tmp_path):
    ct = scan()
    labels = lesions_on(ct).labels
    single = LesionMask((labels > 0).astype(np.uint8), ct.grid, INFECTION)
    write_dicom_seg(tmp_path / "one.dcm", ct, [traced(single)])
    found = read_dicom_seg(tmp_path / "one.dcm", ct).lesions
    assert np.array_equal(found.labels, single.labels)
    assert found.label_set.name == "infection"
    labels[4, 0, 0] = UNKNOWN_CLASS
    write_dicom_seg(tmp_path / "some.dcm", ct, [traced(LesionMask(labels, ct.grid))])
    found = read_dicom_seg(tmp_path / "some.dcm", ct).lesions
    assert np.array_equal(found.labels, labels)


def test_an_empty_mask_says_that_nothing_was_found(scan, tmp_path):
    ct = scan()
    nothing = LesionMask(np.zeros(SHAPE, np.uint8), ct.grid)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(nothing)])
    assert len(dcmread(tmp_path / "mask.dcm").SegmentSequence) == 2
    assert not read_dicom_seg(tmp_path / "mask.dcm", ct).lesions.labels.any()


def test_segments_are_coded_and_coloured(scan, tmp_path):
    ct = scan()
    masks = [
        traced(lesions_on(ct)),
        traced(lungs_on(ct), MaskOrigin("model", "hu-threshold")),
    ]
    write_dicom_seg(tmp_path / "both.dcm", ct, masks)
    ggo, solid, right, left = dcmread(tmp_path / "both.dcm").SegmentSequence
    kinds = [
        (kind.CodingSchemeDesignator, kind.CodeValue)
        for segment in (ggo, solid, right, left)
        for kind in segment.SegmentedPropertyTypeCodeSequence
    ]
    assert kinds == [
        ("DCM", "112120"),
        ("SCT", "95436008"),
        ("SCT", "39607008"),
        ("SCT", "39607008"),
    ]
    assert ggo.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"
    sides = [
        segment.SegmentedPropertyTypeCodeSequence[0]
        .SegmentedPropertyTypeModifierCodeSequence[0]
        .CodeValue
        for segment in (right, left)
    ]
    assert sides == ["24028007", "7771000"]
    assert ggo.SegmentLabel == "Ground-glass opacity"
    assert ggo.RecommendedDisplayCIELabValue != solid.RecommendedDisplayCIELabValue


def test_infection_is_coded_as_that_of_covid(scan, tmp_path):
    ct = scan()
    mask = LesionMask((lesions_on(ct).labels > 0).astype(np.uint8), ct.grid, INFECTION)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(mask)])
    (segment,) = dcmread(tmp_path / "mask.dcm").SegmentSequence
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    assert kind.CodeValue == "47351003"
    modifier = kind.SegmentedPropertyTypeModifierCodeSequence[0]
    assert modifier.CodeValue == "840539006"


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (MODEL, ("AUTOMATIC", "infnet-multi-small", SHA256)),
        (MaskOrigin("edited", "unet", SHA256), ("SEMIAUTOMATIC", "unet", SHA256)),
        (MaskOrigin("edited"), ("SEMIAUTOMATIC", "covseg", "covseg 0.1.0")),
        (MaskOrigin("manual"), ("MANUAL", None, None)),
    ],
)
def test_the_file_says_who_drew_the_mask(scan, tmp_path, monkeypatch, origin, said):
    monkeypatch.setattr("covseg_core.io.dicom.seg_segments.__version__", "0.1.0")
    ct = scan()
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct), origin)])
    segment = dcmread(tmp_path / "mask.dcm").SegmentSequence[0]
    how = segment.get("SegmentationAlgorithmIdentificationSequence")
    version = how[0].AlgorithmVersion if how else None
    if how:
        family = how[0].AlgorithmFamilyCodeSequence[0]
        assert (family.CodingSchemeDesignator, family.CodeValue) == ("DCM", "123110")
    found = segment.SegmentAlgorithmType, segment.get("SegmentAlgorithmName"), version
    assert found == said
    again = read_dicom_seg(tmp_path / "mask.dcm", ct).origin
    assert again.kind == origin.kind
    assert again.weights_sha256 == origin.weights_sha256


@pytest.mark.parametrize(
    ("origin", "family"),
    [
        (MODEL, "123110"),
        (MaskOrigin("model", "hu-threshold"), "123104"),
    ],
)
def test_what_has_learned_nothing_is_no_artificial_intelligence(
    scan, tmp_path, origin, family
):
    ct = scan()
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct), origin)])
    (segment,) = dcmread(tmp_path / "mask.dcm").SegmentSequence[:1]
    (how,) = segment.SegmentationAlgorithmIdentificationSequence
    assert how.AlgorithmFamilyCodeSequence[0].CodeValue == family
    assert algorithm_of(origin, "1").family.value == family


def test_patient_and_study_are_those_of_the_series(series, edit_all, tmp_path):
    edit_all(
        series,
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Müller^Jörg",
        PatientID="4711",
        PatientBirthDate="19500101",
        PatientSex="M",
        StudyDate="20200401",
        PatientIdentityRemoved=None,
        DeidentificationMethod=None,
    )
    ct = read_dicom(series)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
    seg, source = dcmread(tmp_path / "mask.dcm"), dcmread(series / "slice_0001.dcm")
    assert seg.PatientName == "Müller^Jörg"
    assert (seg.PatientID, seg.PatientSex) == ("4711", "M")
    assert (seg.PatientBirthDate, seg.StudyDate) == ("19500101", "20200401")
    assert "PatientIdentityRemoved" not in seg
    assert seg.StudyInstanceUID == source.StudyInstanceUID
    assert seg.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID


def test_each_frame_names_the_slice_that_it_shows(scan, tmp_path):
    ct = scan()
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
    heights = {
        source.SOPInstanceUID: float(source.ImagePositionPatient[2])
        for source in map(dcmread, ct.source.paths)
    }
    frames = dcmread(tmp_path / "mask.dcm").PerFrameFunctionalGroupsSequence
    assert len(frames) == 2 * SHAPE[0]
    for groups in frames:
        named = groups.DerivationImageSequence[0].SourceImageSequence[0]
        height = groups.PlanePositionSequence[0].ImagePositionPatient[2]
        assert heights[named.ReferencedSOPInstanceUID] == pytest.approx(height)


def test_frames_of_an_enhanced_ct_are_named_by_number(enhanced, chest, tmp_path):
    ct = read_dicom(enhanced)
    mask = lesions_on(ct)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(mask)])
    assert np.array_equal(
        read_dicom_seg(tmp_path / "mask.dcm", ct).lesions.labels, mask.labels
    )
    source, seg = dcmread(enhanced), dcmread(tmp_path / "mask.dcm")
    for groups in seg.PerFrameFunctionalGroupsSequence:
        named = groups.DerivationImageSequence[0].SourceImageSequence[0]
        assert named.ReferencedSOPInstanceUID == source.SOPInstanceUID
        shown = source.PerFrameFunctionalGroupsSequence[named.ReferencedFrameNumber - 1]
        assert list(shown.PlanePositionSequence[0].ImagePositionPatient) == (
            pytest.approx(list(groups.PlanePositionSequence[0].ImagePositionPatient))
        )


def test_what_anonymising_took_away_is_made_up_for(anonymised, tmp_path):
    ct = anonymised
    mask = lesions_on(ct)
    for name in ("one.dcm", "two.dcm"):
        write_dicom_seg(tmp_path / name, ct, [traced(mask)])
    one, two = dcmread(tmp_path / "one.dcm"), dcmread(tmp_path / "two.dcm")
    assert np.array_equal(
        read_dicom_seg(tmp_path / "one.dcm", ct).lesions.labels, mask.labels
    )
    assert one.PatientSex == one.PatientBirthDate == one.PatientName == ""
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        assert UID(one[keyword].value).is_valid
        assert one[keyword].value == two[keyword].value
    named = {
        groups.DerivationImageSequence[0]
        .SourceImageSequence[0]
        .ReferencedSOPInstanceUID
        for groups in one.PerFrameFunctionalGroupsSequence
    }
    assert len(named) == ct.grid.shape[0]


def test_an_odd_name_does_not_keep_a_mask_from_its_record(series, tmp_path):
    odd = "A" * 90 + "=x=y=z"
    for path in series.iterdir():
        dataset = dcmread(path)
        with config.disable_value_validation():
            dataset.PatientName, dataset.PatientID = odd, "4" * 80
            dataset.save_as(path)
    ct = read_dicom(series)
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
    assert dcmread(tmp_path / "mask.dcm").PatientID == "4" * 80


def test_a_mask_of_a_synthetic_scan_says_so(scan, tmp_path):
    ct = scan()
    ct = replace(ct, source=replace(ct.source, is_synthetic=True))
    write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
    assert dcmread(tmp_path / "mask.dcm").SeriesDescription.startswith("SYNTHETIC ")


class TestRefusals:
    def test_a_scan_that_was_not_read_from_dicom(self, chest, tmp_path):
        mask = LesionMask(np.zeros(chest.grid.shape, np.uint8), chest.grid)
        with pytest.raises(UsageError, match="was not read from DICOM"):
            write_dicom_seg(tmp_path / "mask.dcm", chest, [traced(mask)])

    def test_a_slice_that_is_gone(self, scan, tmp_path):
        ct = scan()
        Path(ct.source.paths[1]).unlink()
        with pytest.raises(InputRefusedError, match=r"gone or no.*slice_0002\.dcm"):
            write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
        assert not (tmp_path / "mask.dcm").exists()

    @pytest.mark.parametrize(
        "elements",
        [
            {"SeriesInstanceUID": "1.2.3"},
            {"PixelSpacing": [0.9, 0.9]},
            {"RescaleIntercept": "-1000"},
            {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"},
        ],
        ids=["series", "spacing", "values", "kind"],
    )
    def test_files_that_were_changed_meanwhile(
        self, scan, edit_all, tmp_path, elements
    ):
        ct = scan()
        edit_all(tmp_path / "series", **elements)
        with pytest.raises(InputRefusedError, match="no longer those that were opened"):
            write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])

    def test_a_mask_of_another_scan(self, scan, tmp_path):
        ct = scan()
        mask = LesionMask(np.zeros(SHAPE, np.uint8), GRIDS["oblique"])
        with pytest.raises(GeometryError, match="drawn on this scan"):
            write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(mask)])

    def test_no_refusal_names_patient_or_folder(self, series, edit_all, tmp_path):
        edit_all(series, PatientName="Doe^Jane", PatientID="4711")
        ct = read_dicom(series)
        Path(ct.source.paths[0]).unlink()
        with pytest.raises(InputRefusedError) as refusal:
            write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
        assert str(tmp_path) not in str(refusal.value)
        assert "Doe" not in str(refusal.value)


def test_an_old_file_survives_what_reads_back_differently(scan, tmp_path, monkeypatch):
    ct = scan()
    (tmp_path / "mask.dcm").write_bytes(b"old")
    other = LesionMask(np.ones(SHAPE, np.uint8), ct.grid)
    found = module.read_dicom_seg

    def read_wrongly(path, ct):
        return replace(found(path, ct), lesions=other)

    monkeypatch.setattr(module, "read_dicom_seg", read_wrongly)
    with pytest.raises(OutputError, match=r"mask\.dcm was read back differently"):
        write_dicom_seg(tmp_path / "mask.dcm", ct, [traced(lesions_on(ct))])
    assert (tmp_path / "mask.dcm").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mask.dcm"]


@pytest.mark.parametrize("name", GRIDS)
def test_the_validator_finds_no_error(scan, tmp_path, name, dicom_errors):
    ct = scan(name)
    masks = [
        traced(lesions_on(ct)),
        traced(lungs_on(ct), MaskOrigin("model", "hu-threshold")),
    ]
    write_dicom_seg(tmp_path / "both.dcm", ct, masks)
    assert dicom_errors(tmp_path / "both.dcm") == []


def test_the_validator_knows_no_label_maps_and_finds_nothing_else(
    scan, tmp_path, dicom_errors
):
    ct = scan()
    write_dicom_seg(tmp_path / "map.dcm", ct, [traced(lesions_on(ct))], kind="LABELMAP")
    numbered, unknown = dicom_errors(tmp_path / "map.dcm")
    # A label map numbers its background 0, of which older rules know nothing.
    assert numbered.endswith("item number 1 (from one) with SegmentNumber of 0")
    assert unknown == "Error - Information Object Not found"


def test_a_label_map_says_what_its_numbers_mean(scan, tmp_path):
    ct = scan()
    path = tmp_path / "map.dcm"
    write_dicom_seg(path, ct, [traced(lesions_on(ct))], kind="LABELMAP")
    seg = highdicom.seg.segread(path)
    assert seg.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.7"
    assert seg.PhotometricInterpretation == "MONOCHROME2"
    slices = [dcmread(one).SOPInstanceUID for one in ct.source.paths]
    found = seg.get_pixels_by_source_instance(slices, combine_segments=True)
    assert np.array_equal(found, lesions_on(ct).labels)
    labels = {one.SegmentNumber: one.SegmentLabel for one in seg.SegmentSequence}
    assert labels == {0: "Background", 1: "Ground-glass opacity", 2: "Consolidation"}
