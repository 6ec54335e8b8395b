"""Say of one file whether it is CT, something else, or too damaged to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    JPEG2000,
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    LegacyConvertedEnhancedCTImageStorage,
    MediaStorageDirectoryStorage,
)

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import first_number, integer, text, words
from covseg_core.io.dicom.frames import Frame, classic_frame, enhanced_frames
from covseg_core.io.dicom.parse import (
    looks_like_dicom,
    read_header,
    transfer_syntax_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import FileDataset

__all__ = ["CTFile", "LeftOut", "look_at", "sop_class_of"]

_ENHANCED = {EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage}
_CT = {CTImageStorage, *_ENHANCED}
_LOSSY = {JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless}
_SCREENS = {"SCREEN SAVE", "DOSE_INFO"}
_MAX_SIDE = 4096


@dataclass(frozen=True, eq=False)
class CTFile:
    """A CT file and the slices in it, without pixels or patient data.

    Parameters
    ----------
    path : Path
        Where it is.
    frames : tuple of Frame
        Its slices in file order; one for classic CT.
    series_key : str
        What tells its series from others: the (0020,000E) *Series Instance
        UID*, or ``no-uid-`` and the series number.
    description : str
        (0008,103E) *Series Description*, for the chooser only: it is free text.
    syntax : UID
        (0002,0010) *Transfer Syntax UID*: how pixels are packed.
    bits_allocated : int
        (0028,0100) *Bits Allocated* per pixel.
    notes : tuple of str
        What a careful reader should know.
    """

    path: Path
    frames: tuple[Frame, ...]
    series_key: str
    description: str
    syntax: UID
    bits_allocated: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, and why.

    Parameters
    ----------
    name : str
        File name without folder.
    reason : str
        Why it is left out.
    may_be_ct : bool
        Whether it may be a lost slice: damaged, and not known to be another
        kind of object.
    series_key : str
        `CTFile.series_key` of a damaged CT, empty when unknown.
    """

    name: str
    reason: str
    may_be_ct: bool = False
    series_key: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def look_at(path: Path) -> CTFile | LeftOut:
    """Read the header of one file and sort it; raises nothing for a bad file."""
    try:
        if path.stat().st_size == 0:
            return LeftOut(path.name, "empty file")
        if not looks_like_dicom(path):
            return LeftOut(path.name, "not DICOM")
        header, has_pixels = read_header(path)
        return _sort(header, path, has_pixels=has_pixels)
    except InputRefusedError as error:
        reason = str(error).removeprefix(f"{path.name} ")
        return LeftOut(path.name, reason, may_be_ct=True)
    except OSError:
        return LeftOut(path.name, "cannot be opened", may_be_ct=True)
    except Exception as error:  # noqa: BLE001 - pydicom raises many classes
        reason = f"damaged DICOM header ({type(error).__name__})"
        return LeftOut(path.name, reason, may_be_ct=_may_claim_ct(path))


def _may_claim_ct(path: Path) -> bool:
    """Whether a damaged file says that it is CT, or cannot even say what it is."""
    try:
        claim = text(read_file_meta_info(path), "MediaStorageSOPClassUID")
    except Exception:  # noqa: BLE001 - pydicom raises many classes
        return True
    return not claim or claim in _CT


def _sort(header: FileDataset, path: Path, *, has_pixels: bool) -> CTFile | LeftOut:
    reason = _why_not_ct(header)
    if reason:
        return LeftOut(path.name, reason)
    rows, columns = integer(header, "Rows") or 0, integer(header, "Columns") or 0
    if rows < 1 or columns < 1:
        return LeftOut(path.name, "a CT without a pixel matrix", may_be_ct=True)
    if not has_pixels:
        reason = "a CT cut off before its pixels"
    elif max(rows, columns) > _MAX_SIDE:
        reason = f"{rows} x {columns} pixels, more than any CT has"
    if reason:
        key = _series_key(header)
        return LeftOut(path.name, reason, may_be_ct=True, series_key=key)
    return _ct_file(header, path)


def _why_not_ct(header: FileDataset) -> str:
    """Reason to leave a readable file out, empty for a CT."""
    sop_class, modality = sop_class_of(header), text(header, "Modality").upper()
    if sop_class == MediaStorageDirectoryStorage:
        return "index of a medium"
    if sop_class and sop_class not in _CT:
        return f"{_class_name(sop_class)}, not a CT image"
    if modality not in ("", "CT"):
        return f"modality {_printable(modality)}, not CT"
    if not sop_class and integer(header, "Rows") is None:
        return "holds no image"
    if not (sop_class or modality) and first_number(header, "RescaleSlope") is None:
        return "says neither what it is nor how to get Hounsfield units"
    if _SCREENS & set(words(header, "ImageType")):
        return "screen save"
    if (integer(header, "SamplesPerPixel") or 1) > 1 or not _is_grey(header):
        return "colour picture"
    return ""


def _ct_file(header: FileDataset, path: Path) -> CTFile:
    return CTFile(
        path=path,
        frames=_frames(header, path),
        series_key=_series_key(header),
        description=_printable(text(header, "SeriesDescription")),
        syntax=transfer_syntax_of(header),
        bits_allocated=integer(header, "BitsAllocated") or 16,
        notes=tuple(_notes(header)),
    )


def _frames(header: FileDataset, path: Path) -> tuple[Frame, ...]:
    if (
        sop_class_of(header) in _ENHANCED
        or "PerFrameFunctionalGroupsSequence" in header
    ):
        return enhanced_frames(header, path)
    count = integer(header, "NumberOfFrames") or 1
    if count > 1:
        raise InputRefusedError(
            f"{path.name} holds {count} slices with one position for all of them. "
            "Export the scan again as one file per slice or as enhanced CT."
        )
    return (classic_frame(header, path),)


def _notes(header: FileDataset) -> Iterator[str]:
    if not text(header, "SeriesInstanceUID"):
        yield "the header has no Series Instance UID; it was probably anonymised"
    if not text(header, "Modality"):
        yield "the header names no Modality; taken for CT by its other elements"
    lossy = text(header, "LossyImageCompression")
    if lossy == "01" or (lossy != "00" and transfer_syntax_of(header) in _LOSSY):
        yield "the images were compressed with loss; HU are approximate"
    if text(header, "PhotometricInterpretation") == "MONOCHROME1":
        yield "stored as MONOCHROME1; HU are not affected"


def _series_key(header: FileDataset) -> str:
    uid = text(header, "SeriesInstanceUID")
    return uid or f"no-uid-{integer(header, 'SeriesNumber') or 0}"


def sop_class_of(header: FileDataset) -> str:
    """(0008,0016) *SOP Class UID*, or what the file's head says; empty if neither."""
    return text(header, "SOPClassUID") or text(
        header.file_meta, "MediaStorageSOPClassUID"
    )


def _class_name(sop_class: str) -> str:
    name = UID(sop_class).name
    return "an unknown DICOM object" if name == sop_class else name


def _is_grey(header: FileDataset) -> bool:
    photometric = text(header, "PhotometricInterpretation").upper()
    return photometric.startswith("MONOCHROME") or not photometric


def _printable(words_of_header: str) -> str:
    return "".join(c for c in words_of_header if c.isprintable())[:64]
