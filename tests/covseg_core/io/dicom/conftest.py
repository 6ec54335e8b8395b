"""Makers of odd DICOM series.

The chest is a block of ten slices whose HU rise along x, y and z with different
slopes and a little noise, so that a turned, shifted or swapped slice shows.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.volume import CTVolume, Grid

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (10, 36, 40)
SPACING = (2.0, 0.7, 0.8)
ORIGIN = (-11.5, -20.25, 30.0)


AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])
TURNS = {
    "normal": np.eye(3),
    "negated": np.diag([-1.0, -1.0, 1.0]),
    "transposed": np.array([[0, 1.0, 0], [1.0, 0, 0], [0, 0, -1.0]]),
    "oblique": AXES,
}


def _hu() -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    noise = np.random.default_rng(19).integers(-20, 20, SHAPE)
    return (-900 + 25 * z + 12 * y + 17 * x + noise).astype(np.float32)


@pytest.fixture
def chest() -> CTVolume:
    return CTVolume(_hu(), Grid.from_spacing(SHAPE, SPACING, ORIGIN))


@pytest.fixture(scope="session")
def untouched_series(tmp_path_factory) -> Path:
    """The chest as a series, written once; tests get copies of it."""
    ct = CTVolume(_hu(), Grid.from_spacing(SHAPE, SPACING, ORIGIN))
    return make_series(ct, tmp_path_factory.mktemp("dicom") / "series")


@pytest.fixture
def series(untouched_series, tmp_path) -> Path:
    """The folder of an ordinary series; its files are ``slice_0001.dcm`` and on."""
    return shutil.copytree(untouched_series, tmp_path / "series")


@pytest.fixture
def write_series(tmp_path):
    """Write a volume as a series into a folder of the given name."""
    return lambda ct, name="series": make_series(ct, tmp_path / name)


@pytest.fixture
def scan(write_series):
    """Write a CT of 5 x 14 x 18 voxels of noise as a series and read it back."""

    def make(name="normal"):
        shape, affine = (5, 14, 18), np.eye(4)
        affine[:3, :3] = TURNS[name] * (0.7, 0.8, 2.0)
        affine[:3, 3] = 11.5, -20.25, 30.0
        hu = np.random.default_rng(2).integers(-1000, 200, shape).astype(np.float32)
        return read_dicom(write_series(CTVolume(hu, Grid(shape, affine))))

    return make


@pytest.fixture(params=TURNS)
def turned(request, scan) -> CTVolume:
    """A CT from DICOM in each orientation."""
    return scan(request.param)


@pytest.fixture
def anonymised(series, edit_all) -> CTVolume:
    """A CT whose headers lost their UIDs and hold what breaks the rules."""
    edit_all(
        series,
        SOPClassUID="",
        SOPInstanceUID="",
        StudyInstanceUID="",
        SeriesInstanceUID="",
        FrameOfReferenceUID=None,
        SpecificCharacterSet="",
        PatientName=None,
        PatientSex="none",
        PatientBirthDate="unknown",
        StudyDate=None,
        AccessionNumber=None,
        Modality="",
    )
    return read_dicom(series)


@pytest.fixture
def edit():
    """Change elements of a file; None removes one."""

    def change(path: Path, **elements) -> None:
        dataset = dcmread(path)
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            elif keyword.startswith("PixelPadding"):
                dataset.add_new(keyword, "SS", value)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path)

    return change


@pytest.fixture
def edit_all(edit):
    """Change elements of all files of a folder."""

    def change(folder: Path, **elements) -> None:
        for path in sorted(folder.iterdir()):
            edit(path, **elements)

    return change


@pytest.fixture
def enhanced(chest, tmp_path) -> Path:
    """The chest as one enhanced multi-frame file, frames out of order."""
    path = tmp_path / "enhanced" / "volume.dcm"
    path.parent.mkdir()
    order = np.random.default_rng(3).permutation(SHAPE[0])
    dataset = _enhanced_header(chest)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame_groups(chest, int(number)) for number in order
    )
    stored = [_stored(chest, int(number)) for number in order]
    dataset.PixelData = np.stack(stored).astype("<i2").tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def other_object():
    """Write a DICOM object that is no CT, such as a report."""

    def write(path: Path, sop_class: str, modality: str, **elements) -> None:
        dataset = Dataset()
        dataset.SOPClassUID = sop_class
        dataset.SOPInstanceUID = generate_uid()
        dataset.Modality = modality
        dataset.SeriesInstanceUID = generate_uid()
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        dataset.file_meta = _meta(sop_class, dataset.SOPInstanceUID)
        dataset.save_as(path, enforce_file_format=True)

    return write


@pytest.fixture
def as_lossless_jpeg():
    return encode_lossless_jpeg


def make_series(ct: CTVolume, folder: Path) -> Path:
    write_dicom_series(ct, folder)
    return folder


def encode_lossless_jpeg(pixels: np.ndarray, bits: int) -> bytes:
    """JPEG process 14, selection value 1 (ISO/IEC 10918-1 H), for unsigned pixels.

    Its Huffman table gives each of the 17 categories a code of 5 bits.
    """
    rows, columns = pixels.shape
    values = pixels.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 1 << (bits - 1)
    # Differences are taken modulo 2**16, H.1.2.1.
    differences = (values - predicted + 32768) % 65536 - 32768
    bitstring = "".join(_category_code(int(d)) for d in differences.ravel())
    bitstring += "1" * (-len(bitstring) % 8)
    scan = int(bitstring, 2).to_bytes(len(bitstring) // 8, "big")
    table = bytes([0, *([0] * 4), 17, *([0] * 11), *range(17)])
    frame = bytes([bits, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big")])
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xC3, frame + bytes([1, 1, 0x11, 0])),
            _segment(0xC4, table),
            _segment(0xDA, bytes([1, 1, 0, 1, 0, 0])),
            scan.replace(b"\xff", b"\xff\x00"),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _category_code(difference: int) -> str:
    if difference == -32768:
        return f"{16:05b}"
    category = abs(difference).bit_length()
    offset = difference if difference > 0 else difference + (1 << category) - 1
    return f"{category:05b}" + (f"{offset:0{category}b}" if category else "")


def _stored(ct: CTVolume, number: int) -> np.ndarray:
    return np.rint(ct.hu[number]) + 1024


def _enhanced_header(ct: CTVolume) -> Dataset:
    _, rows, columns = ct.grid.shape
    dataset = Dataset()
    dataset.SOPClassUID = EnhancedCTImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.Modality = "CT"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.NumberOfFrames = ct.grid.shape[0]
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared_groups(ct)])
    dataset.file_meta = _meta(EnhancedCTImageStorage, dataset.SOPInstanceUID)
    return dataset


def _shared_groups(ct: CTVolume) -> Dataset:
    between_slices, between_rows, between_columns = ct.grid.spacing_mm_zyx
    shared = Dataset()
    shared.PixelMeasuresSequence = _one(
        PixelSpacing=[between_rows, between_columns], SliceThickness=between_slices
    )
    shared.PlaneOrientationSequence = _one(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelValueTransformationSequence = _one(
        RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU"
    )
    shared.FrameVOILUTSequence = _one(WindowCenter=-600, WindowWidth=1500)
    return shared


def _frame_groups(ct: CTVolume, number: int) -> Dataset:
    groups = Dataset()
    position = ct.grid.world_mm((number, 0, 0))
    groups.PlanePositionSequence = _one(ImagePositionPatient=list(position))
    groups.FrameContentSequence = _one(TemporalPositionIndex=1)
    return groups


def _one(**elements) -> Sequence:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return Sequence([item])


def _meta(sop_class: str, instance: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta
