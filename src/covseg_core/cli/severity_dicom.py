"""Write the results of `covseg severity` as DICOM objects, if they are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from covseg_core.io.dicom.source_series import require_dicom
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.reports.severity.dicom_folder import (
    MEASUREMENTS,
    SEGMENTATION,
    require_replaceable,
)
from covseg_core.settings import Settings, setting

if TYPE_CHECKING:
    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.report import SeverityReport
    from covseg_core.volume import CTVolume

__all__ = ["DicomSet", "write_set"]

_LEAST_TRUSTED = MaskOrigin("model", "unknown")
"""Of a mask that does not tell who drew it."""


class DicomSet(Settings):
    """Which DICOM objects to write."""

    dicom: Path | None = setting(
        None,
        "Folder for a segmentation and a structured report (TID 1500) that name the "
        "patient as the scan does.",
    )
    encapsulated_pdf: bool = setting(False, "With --dicom: the PDF, too.")
    secondary_capture: bool = setting(
        False, "With --dicom: the pages of the PDF as pictures, too."
    )

    @property
    def targets(self) -> list[Path]:
        """What is written whatever else is wanted."""
        if self.dicom is None:
            return []
        return [self.dicom / SEGMENTATION, self.dicom / MEASUREMENTS]

    def require_sense(self) -> None:
        """Raise `UsageError` if something is wanted beside no folder."""
        if self.dicom is None and (self.encapsulated_pdf or self.secondary_capture):
            raise UsageError(
                "--encapsulated-pdf and --secondary-capture go with --dicom, the "
                "folder that they are written to."
            )

    def require_for(self, ct: CTVolume) -> None:
        """Raise `UsageError` if DICOM objects of such a scan cannot be made there."""
        if self.dicom is not None:
            require_dicom(ct.source)
            require_replaceable(self.dicom)


def write_set(
    wanted: DicomSet, case: SeverityCase, report: SeverityReport, facts: ReportFacts
) -> tuple[Path, ...]:
    """Write what is wanted; see `reports.severity.dicom_report`.

    Returns
    -------
    tuple of Path
        The files, none if nothing was wanted.
    """
    if wanted.dicom is None:
        return ()
    from covseg_core.reports.severity.as_pdf import draw_pages, pdf_of
    from covseg_core.reports.severity.dicom_report import (
        DicomExtras,
        write_dicom_report,
    )
    from covseg_core.reports.severity.page_pixels import pixels_of

    pages = draw_pages(case, report, facts) if wanted.secondary_capture else ()
    extras = DicomExtras(
        pdf=pdf_of(case, report, facts) if wanted.encapsulated_pdf else b"",
        pages=tuple(map(pixels_of, pages)),
        shows_identifiers=facts.identifiers is not None,
    )
    masks = [
        TracedMask(case.lesions, facts.origin or _LEAST_TRUSTED),
        TracedMask(case.lungs, MaskOrigin.of_lungs(case.lungs)),
    ]
    return write_dicom_report(wanted.dicom, case.ct, masks, report, extras).paths
