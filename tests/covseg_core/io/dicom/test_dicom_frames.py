"""Enhanced multi-frame CT gives the same volume as one file per slice."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.dicom import read_dicom


@pytest.fixture
def edit_frames(enhanced):
    """Change the functional groups of each frame."""

    def change(function) -> None:
        dataset = dcmread(enhanced)
        for number, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            function(number, groups)
        dataset.save_as(enhanced)

    return change


def test_enhanced_ct_equals_the_single_frame_series(enhanced, series):
    many, single = read_dicom(enhanced), read_dicom(series)
    assert np.array_equal(many.hu, single.hu)
    assert many.grid.matches(single.grid)
    assert many.source.details == single.source.details
    assert many.source.paths == (str(enhanced),)


def test_enhanced_ct_is_found_in_its_folder(enhanced, chest):
    assert np.array_equal(read_dicom(enhanced.parent).hu, np.rint(chest.hu))


def test_each_frame_has_its_own_rescale(enhanced, chest):
    dataset = dcmread(enhanced)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    del shared["PixelValueTransformationSequence"]
    pixels = dataset.pixel_array
    for number, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        own = Dataset()
        own.RescaleSlope, own.RescaleIntercept = 1, -1024 - number
        groups.PixelValueTransformationSequence = [own]
        pixels[number] += number
    dataset.PixelData = pixels.astype("<i2").tobytes()
    dataset.save_as(enhanced)
    assert np.array_equal(read_dicom(enhanced).hu, np.rint(chest.hu))


def test_time_points_in_one_file_are_refused(edit_frames, enhanced):
    first = dcmread(enhanced).PerFrameFunctionalGroupsSequence[0]

    def change(number, groups):
        groups.PlanePositionSequence = first.PlanePositionSequence
        groups.FrameContentSequence[0].TemporalPositionIndex = number + 1

    edit_frames(change)
    with pytest.raises(GeometryError, match=r"volume.dcm frame 1 and .* points in"):
        read_dicom(enhanced)


def test_perfusion_is_refused(enhanced, edit):
    edit(enhanced, ImageType=["DERIVED", "PRIMARY", "PERFUSION", "NONE"])
    with pytest.raises(GeometryError, match=r"frame 1.* is of a perfusion scan"):
        read_dicom(enhanced)


def test_map_of_another_quantity_is_refused(enhanced):
    dataset = dcmread(enhanced)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.PixelValueTransformationSequence[0].RescaleType = "MGML"
    dataset.save_as(enhanced)
    with pytest.raises(InputRefusedError, match="holds MGML values, not Hounsfield"):
        read_dicom(enhanced)


def test_missing_frame_is_refused_with_its_neighbours(enhanced):
    dataset = dcmread(enhanced)
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    heights = [g.PlanePositionSequence[0].ImagePositionPatient[2] for g in groups]
    lost = int(np.argsort(heights)[4])
    del groups[lost]
    dataset.PerFrameFunctionalGroupsSequence = groups
    dataset.NumberOfFrames = 9
    dataset.PixelData = dataset.PixelData[: 9 * 36 * 40 * 2]
    dataset.save_as(enhanced)
    with pytest.raises(GeometryError, match=r"gap of 4.0 mm between volume.dcm frame"):
        read_dicom(enhanced)


def test_frames_and_descriptions_must_agree_in_number(enhanced, edit):
    edit(enhanced, NumberOfFrames=11)
    with pytest.raises(InputRefusedError, match="claims 11 frames but describes 10"):
        read_dicom(enhanced)


def test_localizer_frames_are_left_out(enhanced):
    dataset = dcmread(enhanced)
    heights = [
        g.PlanePositionSequence[0].ImagePositionPatient[2]
        for g in dataset.PerFrameFunctionalGroupsSequence
    ]
    top = dataset.PerFrameFunctionalGroupsSequence[int(np.argmax(heights))]
    frame_type = Dataset()
    frame_type.FrameType = ["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]
    top.CTImageFrameTypeSequence = [frame_type]
    dataset.save_as(enhanced)
    ct = read_dicom(enhanced)
    assert ct.hu.shape[0] == 9
    assert "1 localizer images of the same series" in ct.source.notes[0]
