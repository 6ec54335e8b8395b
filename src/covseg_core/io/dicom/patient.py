"""Tell whose scan a DICOM file is, and never say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import quiet, text
from covseg_core.io.dicom.parse import read_patient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["are_of_one_patient", "patient_key", "require_one_patient"]

_NOBODY = {"", "0", "anon", "anonymised", "anonymized", "anonymous", "none", "unknown"}


def patient_key(path: Path) -> str:
    """Read what tells one patient from another.

    The answer identifies a person: hash it, and put it in no message and no file.

    Parameters
    ----------
    path : Path
        One file of the scan.

    Returns
    -------
    str
        (0010,0020) *Patient ID*; empty if the file names nobody or cannot be read.
    """
    try:
        with quiet():
            patient = text(read_patient(path), "PatientID")
    except Exception:  # noqa: BLE001 - pydicom's own message could hold the value
        return ""
    # No issuer: a person who types the number leaves it away, and one patient would
    # be two.  Two who share a number only share a split.
    return "" if patient.casefold() in _NOBODY else patient


def are_of_one_patient(paths: Iterable[Path]) -> bool:
    """Whether no two files name different patients.

    The case of letters and zeros in front do not count.
    """
    return len(_first_of_each(paths)) < 2


def require_one_patient(paths: Iterable[Path]) -> None:
    """Check `are_of_one_patient` before a scan is taken for that patient's.

    Raises
    ------
    InputRefusedError
        Names the files, not the patients.
    """
    firsts = _first_of_each(paths)
    if len(firsts) > 1:
        raise InputRefusedError(
            f"{firsts[0].name} and {firsts[1].name} are of one series but name "
            "different patients. Export the scan of each patient again."
        )


def _first_of_each(paths: Iterable[Path]) -> list[Path]:
    firsts: dict[str, Path] = {}
    for path in paths:
        firsts.setdefault(patient_key(path).casefold().lstrip("0 "), path)
    firsts.pop("", None)
    return list(firsts.values())
