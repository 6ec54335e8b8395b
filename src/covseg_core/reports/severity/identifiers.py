"""Read whose scan it is, for a report that shall name its patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from covseg_core.io.dicom.elements import quiet, text
from covseg_core.io.dicom.parse import read_identity
from covseg_core.io.dicom.patient import require_one_patient
from covseg_core.io.refusing import refusing
from covseg_core.reports.severity.facts import Identifiers

if TYPE_CHECKING:
    from covseg_core.volume import Source

__all__ = ["read_identifiers"]


def read_identifiers(source: Source) -> Identifiers:
    """Read name, ID, date of birth and date of the study from a DICOM header.

    Parameters
    ----------
    source : Source
        Of a CT that was read from DICOM.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM.
    InputRefusedError
        If its file is gone or damaged, or the slices name different patients.
    """
    if source.kind != "dicom" or not source.paths:
        raise UsageError(
            "--identifiers takes them from a DICOM header, and this scan was not read "
            "from DICOM; leave it away, or put what is needed into --title."
        )
    require_one_patient(map(Path, source.paths))
    path = Path(source.paths[0])
    with refusing(path, "DICOM file"), quiet():
        header = read_identity(path)
        return Identifiers(
            _plain_name(text(header, "PatientName")),
            text(header, "PatientID"),
            _plain_date(text(header, "PatientBirthDate")),
            _plain_date(text(header, "StudyDate")),
        )


def _plain_name(name: str) -> str:
    """Write (0010,0010) *Patient's Name* as family, given; other scripts after it."""
    groups = (
        ", ".join(part.strip() for part in group.split("^") if part.strip())
        for group in name.split("=")
    )
    return " / ".join(filter(None, groups))


def _plain_date(date: str) -> str:
    if len(date) == 8 and date.isdigit():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date
