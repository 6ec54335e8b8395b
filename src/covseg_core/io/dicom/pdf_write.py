"""Put a PDF report into the record of the patient whose CT it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom import config
from pydicom.uid import EncapsulatedPDFStorage

from covseg_core.errors import UsageError
from covseg_core.io.dicom.derived import (
    describe,
    new_object,
    save_object,
    source_files,
)
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.source_series import source_series_of

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import CTVolume

__all__ = ["write_encapsulated_pdf"]

_SERIES_NUMBER = 9004
_TITLE = "Lung infection, severity report"


def write_encapsulated_pdf(
    path: Path,
    ct: CTVolume,
    pdf: bytes,
    *,
    title: str = _TITLE,
    shows_identifiers: bool = False,
) -> None:
    """Wrap a PDF as DICOM, in the study of its CT.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    pdf : bytes
        The whole document.
    title : str
        (0042,0010) *Document Title*.
    shows_identifiers : bool
        Whether pages show who the patient is; gives (0028,0301) *Burned In
        Annotation*.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM, or the bytes are no PDF.
    InputRefusedError
        If the CT's files are gone or changed.
    OutputError
        If the file cannot be written; what was at `path` is untouched.
    """
    if not pdf.startswith(b"%PDF-"):
        raise UsageError(
            f"{len(pdf)} bytes that are no PDF were given; give a whole PDF document."
        )
    series = source_series_of(ct)
    description = describe("Lung infection report", ct.source)
    with quiet(), config.disable_value_validation():
        made = new_object(
            series, EncapsulatedPDFStorage, "DOC", _SERIES_NUMBER, description
        )
        made.ConversionType = "WSD"
        made.InstanceNumber = 1
        made.AcquisitionDateTime = ""
        made.BurnedInAnnotation = "YES" if shows_identifiers else "NO"
        made.SourceInstanceSequence = source_files(series)
        made.VerificationFlag = "UNVERIFIED"
        made.DocumentTitle = title
        made.ConceptNameCodeSequence = []
        made.MIMETypeOfEncapsulatedDocument = "application/pdf"
        made.EncapsulatedDocumentLength = len(pdf)
        made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
        save_object(path, made)
