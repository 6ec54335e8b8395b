"""Stored values become HU, padding becomes air, and other quantities are refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom

CORNER = np.s_[:, :6, :6]


@pytest.fixture
def pad(series, edit):
    """Put a value into the corner of each slice, and change elements on the way."""

    def change(value: int, **elements) -> None:
        for path in series.iterdir():
            dataset = dcmread(path)
            pixels = dataset.pixel_array.copy()
            pixels[:6, :6] = value
            dataset.PixelData = pixels.tobytes()
            dataset.save_as(path)
            edit(path, **elements)

    return change


def require_padded_corner(ct, chest) -> None:
    assert ct.padding is not None
    assert ct.padding[CORNER].all()
    assert ct.padding.sum() == 360
    assert np.array_equal(ct.hu[CORNER], np.full((10, 6, 6), -1024, np.float32))
    rest = ~ct.padding
    assert np.array_equal(ct.hu[rest], np.rint(chest.hu)[rest])
    assert ct.measured_hu.min() == np.rint(chest.hu)[rest].min()


@pytest.mark.parametrize("stored", [-2000, -3024])
def test_padding_without_declaration_becomes_air(series, chest, pad, stored):
    pad(stored)
    require_padded_corner(read_dicom(series), chest)


def test_declared_padding_becomes_air(series, chest, pad):
    pad(-100, PixelPaddingValue=-100)
    require_padded_corner(read_dicom(series), chest)


def test_declared_padding_of_the_wrong_sign_becomes_air(series, chest, pad):
    pad(-100)
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.add_new("PixelPaddingValue", "US", 65436)
        dataset.save_as(path)
    require_padded_corner(read_dicom(series), chest)


def test_declared_range_of_padding_becomes_air(series, chest, pad):
    pad(-120, PixelPaddingValue=-150, PixelPaddingRangeLimit=-90)
    require_padded_corner(read_dicom(series), chest)


def test_bright_padding_becomes_air(series, chest, pad):
    pad(32767, PixelPaddingValue=32767)
    require_padded_corner(read_dicom(series), chest)


def test_declared_padding_that_tissue_may_have_is_not_used(series, chest, edit_all):
    edit_all(series, PixelPaddingValue=1024)
    ct = read_dicom(series)
    assert ct.padding is None
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.notes == (
        "the Pixel Padding Value is one that tissue has; it was not used",
    )


def test_range_of_padding_across_tissue_is_not_used(series, edit_all):
    edit_all(series, PixelPaddingValue=-2000, PixelPaddingRangeLimit=9000)
    assert read_dicom(series).padding is None


def test_each_slice_has_its_own_rescale(series, chest):
    for number, path in enumerate(sorted(series.iterdir())):
        dataset = dcmread(path)
        doubled = (dataset.pixel_array - 1024 + 1000 + number) * 2
        dataset.PixelData = doubled.astype("<i2").tobytes()
        dataset.RescaleSlope = "0.5"
        dataset.RescaleIntercept = str(-1000 - number)
        dataset.save_as(path)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_monochrome1_does_not_change_hu(series, chest, edit_all):
    edit_all(series, PhotometricInterpretation="MONOCHROME1")
    ct = read_dicom(series)
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.notes == ("stored as MONOCHROME1; HU are not affected",)


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_rescale_is_refused(series, edit, keyword, value):
    edit(series / "slice_0008.dcm", **{keyword: value})
    with pytest.raises(
        InputRefusedError,
        match=r"slice_0008.dcm has no usable Rescale Slope and Intercept",
    ):
        read_dicom(series)


def test_slope_of_zero_is_refused(series, edit_all):
    edit_all(series, RescaleSlope=0)
    with pytest.raises(InputRefusedError, match="no usable Rescale Slope"):
        read_dicom(series)


def test_other_quantities_are_refused(series, edit_all):
    edit_all(series, RescaleType="Z_EFF")
    with pytest.raises(InputRefusedError, match=r"slice_0001.dcm holds Z_EFF values"):
        read_dicom(series)


def test_implausible_mean_is_refused(series, edit_all):
    edit_all(series, RescaleIntercept=47000)
    with pytest.raises(InputRefusedError, match=r"cannot be Hounsfield .* mean is 47"):
        read_dicom(series)


def test_scan_without_air_is_refused(series, edit_all):
    edit_all(series, RescaleIntercept=0)
    with pytest.raises(InputRefusedError, match=r"run from 1\d\d to 1\d\d\d and there"):
        read_dicom(series)


def test_series_of_padding_only_is_refused(series):
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.PixelData = np.full((36, 40), -2000, "<i2").tobytes()
        dataset.save_as(path)
    with pytest.raises(InputRefusedError, match="every voxel lies outside"):
        read_dicom(series)
