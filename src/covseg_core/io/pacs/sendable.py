"""What covseg sends to a PACS: objects that it made itself, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.derived import MANUFACTURER
from covseg_core.io.dicom.elements import quiet, text
from covseg_core.io.dicom.seg import LABEL_MAP_SEGMENTATION
from covseg_core.io.refusing import refusing
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import FileDataset

__all__ = ["Sendable", "read_sendable"]

KINDS = {
    SegmentationStorage: "segmentation",
    LABEL_MAP_SEGMENTATION: "label map segmentation",
    EnhancedSRStorage: "structured report",
    ComprehensiveSRStorage: "structured report",
    Comprehensive3DSRStorage: "structured report",
    EncapsulatedPDFStorage: "PDF report",
    SecondaryCaptureImageStorage: "picture",
}
"""(0008,0016) *SOP Class UID* of what covseg makes of a scan."""
MAX_BYTES = 1024**3
_READ = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "Manufacturer",
    "SeriesDescription",
]


@dataclass(frozen=True)
class Sendable:
    """An object that may be sent.

    Parameters
    ----------
    name : str
        Of its file, without folders.
    kind : str
        What it is, in words.
    sop_class, sop_instance : str
        (0008,0016) *SOP Class UID*, (0008,0018) *SOP Instance UID*.
    content : bytes
        The file.
    """

    name: str
    kind: str
    sop_class: str
    sop_instance: str
    content: bytes


def read_sendable(path: Path) -> Sendable:
    """Read a file that shall be sent.

    A scan is refused, and so is whatever other programs made: a PACS gets these from
    where they were made.  What was made of a synthetic scan is no finding of a
    patient and is refused, too.

    Raises
    ------
    InputRefusedError
        If it is none of covseg's own objects.
    """
    with refusing(path, "DICOM file"):
        if path.stat().st_size > MAX_BYTES:
            raise InputRefusedError(f"it has more than {MAX_BYTES} bytes")
        content = path.read_bytes()
        with quiet():
            header = dcmread(
                BytesIO(content), stop_before_pixels=True, specific_tags=list(_READ)
            )
            return _checked(path, header, content)


def _checked(path: Path, header: FileDataset, content: bytes) -> Sendable:
    sop_class = text(header, "SOPClassUID")
    if sop_class not in KINDS or text(header, "Manufacturer") != MANUFACTURER:
        raise InputRefusedError(
            "covseg sends only segmentations, reports and pictures that it made, and "
            "this is none; nothing was sent. Send it with the program of your PACS."
        )
    if text(header, "SeriesDescription").startswith(SYNTHETIC):
        raise InputRefusedError(
            "it was made of a synthetic scan and does not belong into the record of a "
            "patient; nothing was sent."
        )
    if not text(header, "SOPInstanceUID") or not text(header, "StudyInstanceUID"):
        raise InputRefusedError("it lacks the UIDs that a PACS files it by.")
    return Sendable(
        path.name,
        KINDS[sop_class],
        sop_class,
        text(header, "SOPInstanceUID"),
        content,
    )
