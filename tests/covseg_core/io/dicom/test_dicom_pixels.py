"""Every lossless packing gives the same HU, and damaged pixels are refused."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom
from covseg_core.volume import CTVolume, Grid

PACKED = [JPEG2000Lossless, JPEGLSLossless, RLELossless]


@pytest.fixture
def compress():
    """Pack all files of a folder; the stored values are made unsigned on request."""

    def pack(folder, syntax, *, signed=True) -> None:
        if syntax == JPEGLSLossless:
            pytest.importorskip("jpeg_ls")
        for path in folder.iterdir():
            dataset = dcmread(path)
            dataset.PixelRepresentation = int(signed)
            dataset.compress(syntax)
            dataset.save_as(path)

    return pack


@pytest.fixture
def as_jpeg(series, as_lossless_jpeg):
    """Pack the series as lossless JPEG, 16 bits unsigned."""

    def pack(syntax) -> None:
        for path in series.iterdir():
            dataset = dcmread(path)
            jpeg = as_lossless_jpeg(dataset.pixel_array.astype(np.uint16), 16)
            dataset.PixelData = encapsulate([jpeg])
            dataset["PixelData"].VR = "OB"
            dataset.PixelRepresentation = 0
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.save_as(path)

    return pack


@pytest.mark.parametrize("syntax", PACKED, ids=lambda uid: uid.name)
@pytest.mark.parametrize("signed", [True, False])
def test_lossless_packing_keeps_hu(series, chest, compress, syntax, signed):
    compress(series, syntax, signed=signed)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


@pytest.mark.parametrize("syntax", PACKED, ids=lambda uid: uid.name)
def test_negative_stored_values_survive_packing(write_series, chest, compress, syntax):
    dark = CTVolume(chest.hu - 400, chest.grid)
    folder = write_series(dark)
    assert dcmread(folder / "slice_0001.dcm").pixel_array.min() < 0
    compress(folder, syntax)
    assert np.array_equal(read_dicom(folder).hu, np.rint(dark.hu))


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1], ids=str)
def test_lossless_jpeg_keeps_hu(series, chest, as_jpeg, syntax):
    as_jpeg(syntax)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_lossless_jpeg_of_signed_values_keeps_hu(write_series, chest, as_lossless_jpeg):
    dark = CTVolume(chest.hu - 400, chest.grid)
    folder = write_series(dark)
    for path in folder.iterdir():
        dataset = dcmread(path)
        jpeg = as_lossless_jpeg(dataset.pixel_array.view(np.uint16), 16)
        dataset.PixelData = encapsulate([jpeg])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.save_as(path)
    assert np.array_equal(read_dicom(folder).hu, np.rint(dark.hu))


def test_deflated_files_load(series, chest):
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(path)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_compressed_enhanced_ct_loads(enhanced, chest):
    dataset = dcmread(enhanced)
    dataset.compress(JPEG2000Lossless)
    dataset.save_as(enhanced)
    assert np.array_equal(read_dicom(enhanced).hu, np.rint(chest.hu))


def test_overlay_in_unused_bits_does_not_disturb(series, chest):
    for path in series.iterdir():
        dataset = dcmread(path)
        pixels = dataset.pixel_array.astype(np.uint16)
        pixels[::2] |= 0x8000
        dataset.PixelData = pixels.tobytes()
        dataset.PixelRepresentation = 0
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.save_as(path)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_missing_pixel_data_is_refused(series, edit):
    edit(series / "slice_0003.dcm", PixelData=None)
    with pytest.raises(
        InputRefusedError, match=r"slice_0003.dcm .* a CT cut off before its pixels"
    ):
        read_dicom(series)


def test_unknown_transfer_syntax_is_refused(series):
    path = series / "slice_0003.dcm"
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0")
    )
    with pytest.raises(InputRefusedError, match="names a Transfer Syntax that is unk"):
        read_dicom(series)


def test_short_pixel_data_is_refused(series, edit):
    edit(series / "slice_0003.dcm", PixelData=bytes(2800))
    with pytest.raises(
        InputRefusedError, match=r"pixel data of slice_0003.dcm cannot be decoded"
    ):
        read_dicom(series)


def test_more_pixels_than_the_header_claims_are_refused(series, edit_all):
    edit_all(series, Rows=18)
    with pytest.raises(
        InputRefusedError,
        match=r"slice_0001.dcm holds 2880 bytes of pixels where its header claims 1440",
    ):
        read_dicom(series)


def test_zeros_behind_the_image_are_no_pixels(series, edit):
    before = read_dicom(series).hu
    path = series / "slice_0003.dcm"
    edit(path, PixelData=pydicom.dcmread(path).PixelData + bytes(4000))
    np.testing.assert_array_equal(read_dicom(series).hu, before)


def test_a_tail_shorter_than_a_row_is_no_pixels(series, edit):
    before = read_dicom(series).hu
    path = series / "slice_0003.dcm"
    pixels = pydicom.dcmread(path).PixelData
    edit(path, PixelData=pixels + b"\x20\xff")
    np.testing.assert_array_equal(read_dicom(series).hu, before)
    row = pixels[: 2 * before.shape[2]]
    edit(path, PixelData=pixels + row[:-2])
    np.testing.assert_array_equal(read_dicom(series).hu, before)
    edit(path, PixelData=pixels + row)
    with pytest.raises(InputRefusedError, match=r"slice_0003.dcm holds 2960 bytes"):
        read_dicom(series)


def test_a_byte_that_makes_the_length_even_is_no_pixel(write_series, chest):
    odd = CTVolume(
        chest.hu[:, :35, :39], Grid.from_spacing((10, 35, 39), (2.0, 0.7, 0.8))
    )
    folder = write_series(odd)
    for path in folder.iterdir():
        dataset = dcmread(path)
        stored = (dataset.pixel_array // 8).astype(np.uint8)
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
        dataset.RescaleSlope, dataset.PixelRepresentation = 8, 0
        dataset.PixelData = stored.tobytes() + b"\0"
        dataset.save_as(path)
    assert read_dicom(folder).hu.shape == (10, 35, 39)


@pytest.mark.parametrize("keep", [0.4, 0.9])
def test_cut_compressed_file_is_refused(series, compress, keep):
    compress(series, RLELossless)
    path = series / "slice_0003.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(InputRefusedError, match=r"slice_0003.dcm .* cut off"):
        read_dicom(series)


def test_frame_that_claims_another_size_is_refused_undecoded(series, compress):
    compress(series, JPEG2000Lossless)
    path = series / "slice_0003.dcm"
    dataset = dcmread(path)
    frame = bytearray(next(generate_frames(dataset.PixelData, number_of_frames=1)))
    at = frame.find(b"\xff\x51") + 6
    frame[at : at + 4] = (60000).to_bytes(4, "big")
    dataset.PixelData = encapsulate([bytes(frame)])
    dataset.save_as(path)
    with pytest.raises(
        InputRefusedError, match=r"slice_0003.dcm has pixel data for 36 x 60000 pixels"
    ):
        read_dicom(series)


def test_run_length_frame_that_unpacks_to_too_much_is_refused(series, compress):
    compress(series, RLELossless)
    path = series / "slice_0003.dcm"
    dataset = dcmread(path)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([frame + b"\x81\0" * 50_000])
    dataset.save_as(path)
    with pytest.raises(InputRefusedError, match=r"\d+ bytes for an image of 2880"):
        read_dicom(series)


def test_unknown_packing_is_refused_by_name(series):
    path = series / "slice_0003.dcm"
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    dataset.PixelData = encapsulate([b"film"])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    with pytest.raises(InputRefusedError, match=r"slice_0003.dcm is stored as MPEG2"):
        read_dicom(series)


def test_packed_pixels_that_claim_to_be_plain_are_refused(series, compress):
    compress(series, RLELossless)
    for path in series.iterdir():
        content = path.read_bytes()
        plain = b"1.2.840.10008.1.2.1\0\0\0"[:20]
        path.write_bytes(content.replace(b"1.2.840.10008.1.2.5\0", plain))
    with pytest.raises(InputRefusedError, match=r"compressed but does not say how"):
        read_dicom(series)
