"""Headers may be anonymised, bare or of another modality."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.headers import CTFile, LeftOut, look_at


def test_anonymised_headers_load_with_notes(series, edit_all, chest):
    edit_all(
        series,
        SeriesInstanceUID="",
        StudyInstanceUID="",
        SOPInstanceUID="",
        FrameOfReferenceUID="",
        Modality=None,
        SeriesDescription=None,
        ImageType=None,
        InstanceNumber=None,
        PatientName=None,
        PatientID=None,
    )
    ct = read_dicom(series)
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.source.series_uid == ""
    assert ct.source.notes == (
        "the header has no Series Instance UID; it was probably anonymised",
        "the header names no Modality; taken for CT by its other elements",
    )


def test_neither_class_nor_modality_is_ct_by_its_rescale(series, edit_all, chest):
    for path in series.iterdir():
        dataset = dcmread(path)
        del dataset.SOPClassUID
        dataset.Modality = ""
        dataset.file_meta.MediaStorageSOPClassUID = ""
        dataset.save_as(path)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


@pytest.mark.parametrize("implicit", [True, False])
def test_files_without_preamble_load(series, chest, implicit):
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.file_meta = FileMetaDataset()
        dataset.preamble = None
        dataset.save_as(path, implicit_vr=implicit, little_endian=True)
        assert path.read_bytes()[128:132] != b"DICM"
    ct = read_dicom(series)
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.grid.matches(chest.grid)


def test_big_endian_without_preamble_loads(series, chest):
    for path in series.iterdir():
        dataset = Dataset(dcmread(path))
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").byteswap().tobytes()
        dataset.save_as(path, implicit_vr=False, little_endian=False)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_implicit_little_endian_loads(series, chest):
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.save_as(path, implicit_vr=True, little_endian=True)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_big_endian_loads(series, chest):
    for path in series.iterdir():
        original = dcmread(path)
        dataset = Dataset(original)
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").byteswap().tobytes()
        dataset.file_meta = original.file_meta
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        dataset.save_as(path, enforce_file_format=True)
    assert np.array_equal(read_dicom(series).hu, np.rint(chest.hu))


def test_another_modality_is_left_out(series, edit_all):
    edit_all(series, Modality="MR")
    with pytest.raises(InputRefusedError, match=r"slice_0001.dcm: modality MR, not CT"):
        read_dicom(series)


def test_colour_pictures_are_left_out(series, edit):
    path = series / "slice_0001.dcm"
    edit(path, SamplesPerPixel=3, PhotometricInterpretation="RGB")
    assert str(look_at(path)) == "slice_0001.dcm: colour picture"


def test_classic_file_with_many_frames_is_refused(series, edit):
    for path in sorted(series.iterdir())[1:]:
        path.unlink()
    edit(series / "slice_0001.dcm", NumberOfFrames=4)
    with pytest.raises(InputRefusedError, match="holds 4 slices with one position"):
        read_dicom(series)


def test_monstrous_matrix_is_refused(series, edit):
    edit(series / "slice_0001.dcm", Rows=60000)
    with pytest.raises(InputRefusedError, match="60000 x 40 pixels, more than any CT"):
        read_dicom(series)


def test_lossy_compression_is_told(series, edit_all):
    edit_all(series, LossyImageCompression="01")
    (note,) = read_dicom(series).source.notes
    assert note == "the images were compressed with loss; HU are approximate"


def test_unreadable_numbers_are_no_numbers(series, edit):
    path = series / "slice_0001.dcm"
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"-11.5", b"1O,,5"))
    look = look_at(path)
    assert isinstance(look, CTFile)
    assert look.frames[0].position_mm is None


def test_file_that_cannot_be_opened_may_be_a_slice(tmp_path):
    look = look_at(tmp_path / "gone.dcm")
    assert look == LeftOut("gone.dcm", "cannot be opened", may_be_ct=True)
