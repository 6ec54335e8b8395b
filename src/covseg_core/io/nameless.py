"""Take out of what is known of a scan the names of its files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from covseg_core.volume import SYNTHETIC_NOTE

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume

__all__ = ["nameless"]


def nameless(ct: CTVolume) -> CTVolume:
    """Take out of a scan's notes the names of files, which may be a patient's.

    Parameters
    ----------
    ct : CTVolume
        With what was found when it was read.

    Returns
    -------
    CTVolume
        The same voxels; files and series are counted, no longer named.
    """
    source = ct.source
    notes = source.notes
    if source.kind == "dicom":
        # What a note of the DICOM reader lists by name stands behind a colon.
        notes = tuple(
            note if note == SYNTHETIC_NOTE else note.partition(": ")[0]
            for note in notes
        )
    if source.ignored:
        notes += (f"{len(source.ignored)} other files or series were left out",)
    return replace(ct, source=replace(source, paths=(), notes=notes, ignored=()))
