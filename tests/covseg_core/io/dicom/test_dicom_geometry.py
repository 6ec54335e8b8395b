"""Slices that make no even, upright stack are refused with file and position."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import GeometryError
from covseg_core.io.dicom import read_dicom


@pytest.fixture
def move(edit):
    """Shift a slice by millimetres."""

    def shift(path, x=0.0, y=0.0, z=0.0) -> None:
        position = np.array(dcmread(path).ImagePositionPatient, dtype=float)
        moved = position + np.array((x, y, z))
        edit(path, ImagePositionPatient=[round(mm, 6) for mm in moved])

    return shift


def test_alternating_acquisitions_are_refused(series, edit):
    for number, path in enumerate(sorted(series.iterdir())):
        edit(path, AcquisitionNumber=number % 2 + 1)
    with pytest.raises(GeometryError, match="slices of 2 acquisitions alternate"):
        read_dicom(series)


def test_acquisitions_one_after_the_other_are_one_scan(series, edit):
    for number, path in enumerate(sorted(series.iterdir())):
        edit(path, AcquisitionNumber=number // 4)
    assert read_dicom(series).hu.shape[0] == 10


def test_missing_slice_is_refused_with_both_neighbours(series):
    (series / "slice_0004.dcm").unlink()
    with pytest.raises(
        GeometryError,
        match=r"gap of 4.0 mm between slice_0003.dcm at 34.0 mm and slice_0005.dcm "
        r"at 38.0 mm where 2.0 mm is expected: 1 slice is missing",
    ):
        read_dicom(series)


def test_several_gaps_are_counted(series):
    for number in (3, 7):
        (series / f"slice_{number:04d}.dcm").unlink()
    with pytest.raises(GeometryError, match=r"1 slice is missing. There are 1 more"):
        read_dicom(series)


def test_two_spacings_are_refused(series, move):
    for number in range(8, 11):
        move(series / f"slice_{number:04d}.dcm", z=0.5 * (number - 7))
    with pytest.raises(GeometryError, match=r"gap of 2.5 mm .* more than one spacing"):
        read_dicom(series)


def test_slowly_growing_spacing_is_refused(series, move):
    for number in range(1, 11):
        move(series / f"slice_{number:04d}.dcm", z=0.01 * number**2)
    with pytest.raises(
        GeometryError, match=r"slice distances change from 2.03 to 2.19"
    ):
        read_dicom(series)


def test_gantry_tilt_is_found_without_its_tag(series, edit_all):
    tilt = np.radians(12)
    column = (0, round(float(np.cos(tilt)), 6), round(float(np.sin(tilt)), 6))
    edit_all(series, ImageOrientationPatient=[1, 0, 0, *column])
    with pytest.raises(
        GeometryError, match=r"gantry was tilted by 12.0 degrees: .* by 0.42 mm"
    ):
        read_dicom(series)


def test_tilt_in_the_header_alone_becomes_a_note(series, edit_all):
    edit_all(series, GantryDetectorTilt=15)
    (note,) = read_dicom(series).source.notes
    assert (
        "a gantry tilt of 15 degrees, but positions and orientation show none" in note
    )


def test_slice_moved_within_its_plane_is_refused(series, move):
    move(series / "slice_0006.dcm", x=5)
    with pytest.raises(
        GeometryError,
        match=r"slice_000[67].dcm lies 5.0 mm sideways from slice_000[56]",
    ):
        read_dicom(series)


def test_slice_with_another_pixel_spacing_is_refused(series, edit):
    edit(series / "slice_0002.dcm", PixelSpacing=[0.7, 0.81])
    with pytest.raises(
        GeometryError,
        match=r"slice_0002.dcm has a Pixel Spacing of 0.7 x 0.81 mm .* 0.7 x 0.8 mm",
    ):
        read_dicom(series)


def test_slice_with_another_matrix_is_refused(series, edit):
    edit(series / "slice_0002.dcm", Rows=12, Columns=40, PixelData=bytes(2 * 12 * 40))
    with pytest.raises(
        GeometryError, match=r"slice_0002.dcm has 12 x 40 pixels where .* 36 x 40"
    ):
        read_dicom(series)


def test_turned_slice_is_refused(series, edit):
    cosines = [0.995004, 0.099833, 0, -0.099833, 0.995004, 0]
    edit(series / "slice_0009.dcm", ImageOrientationPatient=cosines)
    with pytest.raises(
        GeometryError, match=r"slice_0009.dcm has an orientation of 0.995"
    ):
        read_dicom(series)


@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        ("ImagePositionPatient", "position"),
        ("ImageOrientationPatient", "orientation"),
        ("PixelSpacing", "Pixel Spacing"),
    ],
)
def test_slice_without_geometry_is_refused(series, edit, keyword, told):
    edit(series / "slice_0007.dcm", **{keyword: None})
    with pytest.raises(
        GeometryError, match=f"1 of 10 slices have no usable {told}: slice_0007.dcm"
    ):
        read_dicom(series)


def test_no_positions_at_all_are_refused(series, edit_all):
    edit_all(series, ImagePositionPatient=None)
    with pytest.raises(GeometryError, match=r"10 of 10 .* and 7 more"):
        read_dicom(series)


def test_directions_that_are_not_at_right_angles_are_refused(series, edit_all):
    edit_all(series, ImageOrientationPatient=[1, 0, 0, 0.1, 0.994987, 0])
    with pytest.raises(GeometryError, match="no usable orientation"):
        read_dicom(series)


def test_two_frames_of_reference_are_refused(series, edit):
    edit(series / "slice_0003.dcm", FrameOfReferenceUID="1.2.3")
    with pytest.raises(GeometryError, match="2 frames of reference"):
        read_dicom(series)


def test_slices_beside_each_other_are_refused(series, edit, move):
    position = dcmread(series / "slice_0004.dcm").ImagePositionPatient
    edit(series / "slice_0005.dcm", ImagePositionPatient=position)
    move(series / "slice_0005.dcm", x=9)
    with pytest.raises(GeometryError, match=r"both lie at 36.0 mm .* 9.0 mm beside"):
        read_dicom(series)


def test_gaps_between_thin_slices_are_told(series, edit_all):
    edit_all(series, SliceThickness=1)
    (note,) = read_dicom(series).source.notes
    assert note.startswith("slices 1 mm thick lie 2 mm apart")


def test_single_slice_without_thickness_is_refused(series, edit):
    for path in sorted(series.iterdir())[1:]:
        path.unlink()
    edit(series / "slice_0001.dcm", SliceThickness=None)
    with pytest.raises(GeometryError, match=r"slice_0001.dcm is a single slice"):
        read_dicom(series)


def test_time_points_are_refused(series, edit):
    position = dcmread(series / "slice_0004.dcm").ImagePositionPatient
    edit(
        series / "slice_0005.dcm",
        ImagePositionPatient=position,
        TemporalPositionIdentifier=2,
    )
    edit(series / "slice_0004.dcm", TemporalPositionIdentifier=1)
    with pytest.raises(GeometryError, match=r"36.0 mm at two points in time"):
        read_dicom(series)
