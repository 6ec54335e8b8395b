"""Write what was found on a CT as the DICOM objects that a PACS shows together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from covseg_core.io.dicom.capture_write import write_secondary_captures
from covseg_core.io.dicom.pdf_write import write_encapsulated_pdf
from covseg_core.io.dicom.seg_reference import refer_to_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.sr_write import write_sr_measurements
from covseg_core.labels import LUNGS
from covseg_core.reports.severity.dicom_folder import (
    DOCUMENT,
    MEASUREMENTS,
    SEGMENTATION,
    replaced_together,
)
from covseg_core.reports.severity.sr import severity_measurements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from covseg_core.io.mask_origin import TracedMask
    from covseg_core.severity.report import SeverityReport
    from covseg_core.volume import CTVolume

__all__ = ["DicomExtras", "DicomReport", "write_dicom_report"]


@dataclass(frozen=True, eq=False)
class DicomExtras:
    """What goes beside the segmentation and its measurements.

    Parameters
    ----------
    pdf : bytes
        A PDF report to encapsulate; none if empty.
    pages : tuple of ndarray of uint8, shape (rows, columns, 3)
        Pages to write as secondary captures.
    shows_identifiers : bool
        Whether the PDF or the pages show who the patient is.
    reader : str
        Name of the person who drew or corrected outlines, as family^given, if it
        shall be told.
    """

    pdf: bytes = b""
    pages: tuple[npt.NDArray[np.uint8], ...] = ()
    shows_identifiers: bool = False
    reader: str = ""


@dataclass(frozen=True)
class DicomReport:
    """The files that were written."""

    segmentation: Path
    measurements: Path
    document: Path | None
    pages: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them, the segmentation first."""
        document = () if self.document is None else (self.document,)
        return (self.segmentation, self.measurements, *document, *self.pages)


def write_dicom_report(
    folder: Path,
    ct: CTVolume,
    masks: Sequence[TracedMask],
    report: SeverityReport,
    extras: DicomExtras | None = None,
) -> DicomReport:
    """Write a segmentation, its measurements (TID 1500) and what else is wanted.

    All belong to the study of the CT and name its patient, as a PACS needs it.  They
    take the place of an older report in that folder, and none of it is left.

    Parameters
    ----------
    folder : Path
        Where the files go; made if there is none.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    masks : sequence of TracedMask
        One of infection, and the lungs that `report` rests on; on the grid of `ct`.
    report : SeverityReport
        What was measured.
    extras : DicomExtras, optional
        PDF, pages and the reader's name.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM, there is not one mask of infection, or a
        file of that name is none of covseg's.
    InputRefusedError
        If the CT's files are gone or changed.
    GeometryError
        If a mask does not lie on the grid of the CT.
    OutputError
        If a file cannot be written; an older report is untouched.
    """
    _require_masks(ct, masks)
    with replaced_together(folder) as part:
        made = _write(part, ct, masks, report, extras or DicomExtras())
    return DicomReport(
        folder / SEGMENTATION,
        folder / MEASUREMENTS,
        None if made.document is None else folder / DOCUMENT,
        tuple(folder / page.name for page in made.pages),
    )


def _write(
    folder: Path,
    ct: CTVolume,
    masks: Sequence[TracedMask],
    report: SeverityReport,
    extras: DicomExtras,
) -> DicomReport:
    segmentation, measurements = folder / SEGMENTATION, folder / MEASUREMENTS
    write_dicom_seg(segmentation, ct, masks)
    labels = refer_to_seg(segmentation).labels
    numbers = {label: number for number, label in labels.items()}
    told = severity_measurements(ct, masks, report, numbers)
    write_sr_measurements(measurements, ct, told, segmentation, reader=extras.reader)
    document = folder / DOCUMENT if extras.pdf else None
    if document is not None:
        write_encapsulated_pdf(
            document, ct, extras.pdf, shows_identifiers=extras.shows_identifiers
        )
    pages = write_secondary_captures(
        folder, ct, extras.pages, shows_identifiers=extras.shows_identifiers
    )
    return DicomReport(segmentation, measurements, document, pages)


def _require_masks(ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    drawn = [one for one in masks if one.mask.label_set.name != LUNGS.name]
    if len(drawn) != 1:
        raise UsageError(
            f"a DICOM report is about one mask of infection, not {len(drawn)}; give "
            "one, and the lungs that it was measured in."
        )
    for traced in masks:
        traced.mask.require_on(ct)
