"""Read scans and masks, and write results so that nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import CTVolume

__all__ = ["is_nifti", "read_ct"]

NIFTI_SUFFIXES = (".nii", ".nii.gz")


def is_nifti(path: Path) -> bool:
    """Whether a path ends like a NIfTI file."""
    return path.name.lower().endswith(NIFTI_SUFFIXES)


def read_ct(path: Path, *, series_uid: str | None = None) -> CTVolume:
    """Read a CT from a NIfTI file, or from DICOM: a folder, file or DICOMDIR.

    Parameters
    ----------
    path : Path
        What to read.
    series_uid : str, optional
        Which series, where there are several.

    Raises
    ------
    InputRefusedError
        If there is no CT that is safe to use; says why.
    SeriesChoiceError
        If there are several series and none was chosen.
    UsageError
        If a series was chosen for a format that has none.
    """
    try:
        is_there = path.exists()
    except OSError as error:
        raise InputRefusedError(
            f"{path.name!r} cannot be opened: {error.strerror}."
        ) from error
    if not is_there:
        raise InputRefusedError(f"there is no file or folder {path.name!r}.")
    if not is_nifti(path) or path.is_dir():
        from covseg_core.io.dicom import read_dicom

        return read_dicom(path, series_uid=series_uid)
    if series_uid is not None:
        raise UsageError("a NIfTI file holds one series; leave --series away.")
    from covseg_core.io.nifti import read_nifti_ct

    return read_nifti_ct(path)
