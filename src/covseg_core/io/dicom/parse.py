"""Open one DICOM file with pydicom, reading no more than is needed.

Only the elements named here are ever parsed, so a patient's name or birth date
does not even enter the memory, but for `read_identity`.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pydicom.filereader import read_file_meta_info, read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import FileDataset

__all__ = [
    "looks_like_dicom",
    "read_directory",
    "read_header",
    "read_identity",
    "read_patient",
    "read_uids",
    "read_with_pixels",
    "transfer_syntax_of",
]

MAX_INFLATED_BYTES = 512 * 1024**2
"""A deflated file that unpacks to more is refused."""

_IMAGE_ELEMENTS = (
    "SOPClassUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
_HEADER_ELEMENTS = (
    *_IMAGE_ELEMENTS,
    "ImageType",
    "Modality",
    "SeriesDescription",
    "SliceThickness",
    "GantryDetectorTilt",
    "SeriesInstanceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "TemporalPositionIdentifier",
    "PixelSpacing",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "LossyImageCompression",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
_PIXEL_ELEMENTS = (
    *_IMAGE_ELEMENTS,
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
)
_IDENTITY_ELEMENTS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "FrameOfReferenceUID",
)
_HEADER_TAGS = tuple(map(Tag, _HEADER_ELEMENTS))
_PIXEL_TAGS = tuple(map(Tag, _PIXEL_ELEMENTS))
_DIRECTORY_TAGS = (Tag("DirectoryRecordSequence"),)
_IDENTITY_TAGS = tuple(map(Tag, _IDENTITY_ELEMENTS))
_PATIENT_TAGS = (Tag("PatientID"),)
_UID_TAGS = (
    Tag("SOPInstanceUID"),
    Tag("StudyInstanceUID"),
    Tag("SeriesInstanceUID"),
)
_PIXEL_STARTS = {
    Tag("PixelData"),
    Tag("FloatPixelData"),
    Tag("DoubleFloatPixelData"),
}

# Without a preamble a file starts with an element of group 0002 or 0008.
_BARE_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")


def looks_like_dicom(path: Path) -> bool:
    """Whether the first bytes of a file may be those of DICOM.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    with path.open("rb") as file:
        start = file.read(132)
    return start[128:] == b"DICM" or start[:2] in _BARE_STARTS


def read_header(path: Path) -> tuple[FileDataset, bool]:
    """Read what is needed to sort a file into its series, without pixels.

    Returns
    -------
    tuple of (FileDataset, bool)
        The header, and whether pixel data follows it.

    Raises
    ------
    Exception
        Of nearly any class, if the file is damaged.
    """
    met_pixels = False

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal met_pixels
        met_pixels = tag in _PIXEL_STARTS
        return met_pixels

    return _read(path, _HEADER_TAGS, at_pixels), met_pixels


def read_with_pixels(path: Path) -> FileDataset:
    """Read the pixel data and what is needed to decode it; see `read_header`."""
    return _read(path, _PIXEL_TAGS)


def read_directory(path: Path) -> FileDataset:
    """Read the records of a DICOMDIR; see `read_header`."""
    return _read(path, _DIRECTORY_TAGS)


def read_patient(path: Path) -> FileDataset:
    """Read the elements that tell whose scan it is; see `read_header`."""
    return _read(path, _PATIENT_TAGS, lambda tag, _vr, _length: tag.group > 0x0010)


def read_uids(path: Path) -> FileDataset:
    """Read which image of which series and study this is; see `read_header`."""
    return _read(path, _UID_TAGS, lambda tag, _vr, _length: tag.group > 0x0020)


def read_identity(path: Path) -> FileDataset:
    """Read whose image this is and how others refer to it; see `read_header`.

    For what has to go into the patient's record beside it, and for nothing else.
    """
    return _read(path, _IDENTITY_TAGS, lambda tag, _vr, _length: tag.group > 0x0020)


def transfer_syntax_of(dataset: FileDataset) -> UID:
    """(0002,0010) *Transfer Syntax UID*, or the one that the bytes have shown.

    Raises
    ------
    InputRefusedError
        If it is none that DICOM knows.
    """
    meta = getattr(dataset, "file_meta", None)
    named = meta.get("TransferSyntaxUID") if meta is not None else None
    if named in AllTransferSyntaxes:
        return UID(str(named))
    if named:
        raise InputRefusedError("names a Transfer Syntax that is unknown")
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _read(
    path: Path,
    tags: tuple[BaseTag, ...],
    stop_when: Callable[[BaseTag, str | None, int], bool] | None = None,
) -> FileDataset:
    _require_bounded_inflation(path)
    with path.open("rb") as file:
        return read_partial(file, stop_when, force=True, specific_tags=list(tags))


def _require_bounded_inflation(path: Path) -> None:
    """Refuse a deflated file that would fill the memory when it is unpacked."""
    with path.open("rb") as file:
        start = file.read(1024)
        if start[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in (
            start
        ):
            return
        group_length = read_file_meta_info(path).FileMetaInformationGroupLength
        file.seek(128 + 4 + 12 + group_length)
        if _inflated_bytes(file.read()) > MAX_INFLATED_BYTES:
            raise InputRefusedError(
                f"{path.name} unpacks to more than "
                f"{MAX_INFLATED_BYTES // 1024**2} MiB. It is no CT; remove it."
            )


def _inflated_bytes(packed: bytes) -> int:
    """Size after unpacking, counted no further than one step past the limit."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    while packed and not engine.eof and total <= MAX_INFLATED_BYTES:
        total += len(engine.decompress(packed, 1 << 22))
        packed = engine.unconsumed_tail
    return total
