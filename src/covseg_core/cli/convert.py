"""`covseg convert`: a CT as NIfTI."""

from __future__ import annotations

from pathlib import Path

from covseg_core.cli.output import (
    OutputPath,
    refuse_overwriting,
    require_nifti_name,
    say,
)
from covseg_core.io import read_ct

__all__ = ["convert"]


def convert(
    input: Path,  # noqa: A002 - the contract's word
    /,
    *,
    output: OutputPath,
    series: str | None = None,
) -> None:
    """Write a loaded CT as NIfTI in Hounsfield units.

    Parameters
    ----------
    input
        DICOM folder, file or DICOMDIR, or NIfTI file.
    output
        File to write, .nii.gz or .nii.
    series
        Series Instance UID, where there are several.
    """
    require_nifti_name(output)
    refuse_overwriting([input], [output])
    ct = read_ct(input, series_uid=series)

    from covseg_core.io.nifti import write_nifti_ct

    write_nifti_ct(output, ct)
    for note in ct.source.notes:
        say(f"note: {note}")
    say(f"wrote {output}")
