"""One series is chosen by a file, by its UID or because it is the only one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from covseg_core.errors import GeometryError, InputRefusedError, SeriesChoiceError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.choice import summarise
from covseg_core.io.dicom.series import scan_files
from covseg_core.volume import CTVolume, Grid


def test_one_file_stands_for_its_series(series, chest, edit):
    other = series / "other.dcm"
    shutil.copy(series / "slice_0003.dcm", other)
    edit(other, SeriesInstanceUID=generate_uid())
    ct = read_dicom(series / "slice_0004.dcm")
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.ignored[-1].startswith("1 files of another CT series")


def test_one_file_that_is_no_ct_is_refused_with_its_reason(series):
    (series / "notes.txt").write_text("hello")
    with pytest.raises(InputRefusedError, match=r"notes.txt cannot .*: not DICOM"):
        read_dicom(series / "notes.txt")


def test_gap_names_the_series_that_holds_the_lost_slice(series, edit):
    lost = series / "slice_0005.dcm"
    other = generate_uid()
    edit(lost, SeriesInstanceUID=other)
    with pytest.raises(
        SeriesChoiceError, match=f"series {other} holds a slice at 38.0"
    ):
        read_dicom(series)
    uid = dcmread(series / "slice_0001.dcm").SeriesInstanceUID
    with pytest.raises(GeometryError, match=f"gap of 4.0 mm .* series {other} holds"):
        read_dicom(series, series_uid=uid)


def test_series_that_goes_on_elsewhere_is_read_with_a_note(series, edit):
    other = generate_uid()
    for number in (8, 9, 10):
        edit(series / f"slice_{number:04d}.dcm", SeriesInstanceUID=other)
    uid = dcmread(series / "slice_0001.dcm").SeriesInstanceUID
    ct = read_dicom(series, series_uid=uid)
    assert ct.hu.shape[0] == 7
    assert any(f"series {other} holds a slice at 44.0" in n for n in ct.source.notes)


@pytest.mark.parametrize("slices", [10, 9])
def test_series_whose_slices_take_turns_are_named_as_one_split(series, edit, slices):
    if slices == 9:
        (series / "slice_0010.dcm").unlink()
    other = generate_uid()
    for number in range(2, slices + 1, 2):
        edit(series / f"slice_{number:04d}.dcm", SeriesInstanceUID=other)
    with pytest.raises(SeriesChoiceError, match=r"Beware: .* may have been split"):
        read_dicom(series)
    ct = read_dicom(series, series_uid=other)
    assert any("may have been split in two" in note for note in ct.source.notes)


@pytest.mark.parametrize("up_mm", [0.0, 0.7, 1.0, 5.0])
def test_a_second_scan_of_one_place_is_no_part_of_the_first(
    series, chest, write_series, edit_all, up_mm
):
    moved = np.array(chest.grid.affine_lps)
    moved[2, 3] += up_mm
    again = write_series(CTVolume(chest.hu, Grid(chest.grid.shape, moved)), "again")
    reference = dcmread(series / "slice_0001.dcm").FrameOfReferenceUID
    edit_all(again, SeriesInstanceUID="1.2.3", FrameOfReferenceUID=reference)
    shutil.copytree(again, series / "again")
    with pytest.raises(SeriesChoiceError) as info:
        read_dicom(series)
    assert "Beware" not in str(info.value)


def test_several_series_must_be_chosen_from(series, chest, write_series):
    coarse = CTVolume(chest.hu[::2], Grid.from_spacing((5, 36, 40), (4.0, 0.7, 0.8)))
    write_series(coarse, "series/coarse")
    with pytest.raises(SeriesChoiceError, match="2 CT series are here; choose") as info:
        read_dicom(series)
    by_slices = {one.slices: one for one in info.value.series}
    assert by_slices.keys() == {5, 10}
    assert by_slices[5].shape_zyx == (5, 36, 40)
    assert by_slices[5].spacing_mm_zyx == (4.0, 0.7, 0.8)
    assert by_slices[5].modality == "CT"
    chosen = read_dicom(series, series_uid=by_slices[5].series_uid)
    assert np.array_equal(chosen.hu, np.rint(coarse.hu))


def test_unknown_series_uid_is_refused_with_the_known_ones(series):
    uid = dcmread(series / "slice_0001.dcm").SeriesInstanceUID
    with pytest.raises(InputRefusedError, match=f"There are: {uid}"):
        read_dicom(series, series_uid="1.2.3")


def test_series_are_described_without_reading_pixels(series):
    (summary,) = map(summarise, scan_files(series).series)
    assert summary.slices == 10
    assert summary.description == "CT written by covseg"
    assert summary.spacing_mm_zyx == (2.0, 0.7, 0.8)


def test_shape_is_left_open_where_slices_make_no_volume(series):
    (series / "slice_0005.dcm").unlink()
    (summary,) = map(summarise, scan_files(series).series)
    assert summary.slices == 9
    assert summary.shape_zyx is None
    assert summary.spacing_mm_zyx is None
