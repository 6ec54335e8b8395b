"""Localizers are put aside, damaged slices are not."""

from __future__ import annotations

import shutil

import pytest
from pydicom import dcmread
from pydicom.uid import RTStructureSetStorage, generate_uid

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.series import scan_files

SAGITTAL = [0, 1, 0, 0, 0, -1]


@pytest.fixture
def add_localizer(series, edit):
    def add(name="scout.dcm", **elements):
        path = series / name
        shutil.copy(series / "slice_0001.dcm", path)
        edit(path, SOPInstanceUID=generate_uid(), **elements)
        return path

    return add


def test_localizer_inside_the_series_is_dropped_with_a_note(series, add_localizer):
    add_localizer(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    ct = read_dicom(series)
    assert ct.hu.shape[0] == 10
    assert ct.source.ignored == ("scout.dcm: localizer",)
    assert ct.source.notes == (
        "1 localizer images of the same series were left out: scout.dcm",
    )


def test_localizer_series_beside_the_scan_is_dropped(series, add_localizer):
    add_localizer(
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        SeriesInstanceUID=generate_uid(),
    )
    ct = read_dicom(series)
    assert ct.hu.shape[0] == 10
    assert ct.source.ignored == ("scout.dcm: localizer",)
    assert len(scan_files(series).series) == 1


def test_localizer_that_does_not_say_so_is_known_by_its_direction(
    series, add_localizer
):
    add_localizer(ImageOrientationPatient=SAGITTAL)
    ct = read_dicom(series)
    assert ct.hu.shape[0] == 10
    assert ct.source.ignored == ("scout.dcm: localizer",)


def test_localizer_alone_is_refused(series, edit_all):
    edit_all(series, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(InputRefusedError, match="only 10 localizer images are here"):
        read_dicom(series)


def test_localizer_that_is_asked_for_by_name_is_refused(add_localizer):
    scout = add_localizer(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(InputRefusedError, match=r"scout.dcm cannot .* a localizer"):
        read_dicom(scout)


def test_slice_cut_within_its_header_is_refused(series):
    path = series / "slice_0010.dcm"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(
        InputRefusedError, match=r"slice_0010.dcm may be a slice .* Copy it again"
    ):
        read_dicom(series)


def test_damaged_slice_of_another_series_is_only_listed(series, edit):
    path = series / "zz.dcm"
    shutil.copy(series / "slice_0001.dcm", path)
    edit(path, SeriesInstanceUID=generate_uid(), PixelData=None)
    ct = read_dicom(series)
    assert ct.source.ignored == ("zz.dcm: a CT cut off before its pixels",)


def test_damaged_slices_alone_are_refused(series, edit_all):
    edit_all(series, PixelData=None)
    with pytest.raises(InputRefusedError, match=r"slice_0001.dcm .* 9 more files are"):
        read_dicom(series)


def test_damaged_file_of_another_kind_is_only_listed(series, other_object):
    path = series / "zz.dcm"
    other_object(path, RTStructureSetStorage, "RTSTRUCT")
    path.write_bytes(path.read_bytes()[:-5])
    ct = read_dicom(series)
    assert [name[:6] for name in ct.source.ignored] == ["zz.dcm"]


def test_folder_without_ct_is_refused_with_what_is_there(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputRefusedError, match=r"only a.txt: not DICOM"):
        read_dicom(tmp_path)
    assert scan_files(tmp_path).series == ()


def test_series_without_uid_are_told_apart_by_their_number(
    series, chest, write_series, edit_all
):
    second = write_series(chest, "series/second")
    edit_all(second, SeriesInstanceUID="", SeriesNumber=7, FrameOfReferenceUID="")
    keys = {one.key for one in scan_files(series).series}
    uid = dcmread(series / "slice_0001.dcm").SeriesInstanceUID
    assert keys == {uid, "no-uid-7"}
    ct = read_dicom(series, series_uid="no-uid-7")
    assert ct.source.series_uid == ""
