"""Sort the files of a folder into CT series, localizers and everything else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.files import find_files
from covseg_core.io.dicom.headers import CTFile, LeftOut, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.io.dicom.frames import Frame

__all__ = ["Scan", "Series", "make_series", "scan_files"]

MOST_SCOUTS = 3
"""So many slices across all others are localizers; more are another scan."""


@dataclass(frozen=True, eq=False)
class Series:
    """The files of one series, and its slices without localizers."""

    key: str
    files: tuple[CTFile, ...]
    frames: tuple[Frame, ...]
    localizers: tuple[str, ...]

    @property
    def uid(self) -> str:
        """(0020,000E) *Series Instance UID*, empty when there is none."""
        return self.files[0].frames[0].series_uid

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the headers, each said once."""
        return tuple(dict.fromkeys(note for file in self.files for note in file.notes))


@dataclass(frozen=True, eq=False)
class Scan:
    """All that was found.

    Parameters
    ----------
    series : tuple of Series
        CT series with at least one slice that is no localizer.
    localizers : tuple of str
        Names of localizer images in series of their own.
    left_out : tuple of LeftOut
        Files that are not CT, or too damaged to tell.
    chosen : Path, optional
        The file that the user named.
    notes : tuple of str
        What a careful reader should know.
    """

    series: tuple[Series, ...]
    localizers: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    chosen: Path | None
    notes: tuple[str, ...]

    def slices_besides(self, series: Series) -> list[Frame]:
        """Slices of every other CT series."""
        return [f for other in self.series if other is not series for f in other.frames]


def scan_files(path: Path) -> Scan:
    """Read the headers of all files at `path` and sort them into series.

    Raises
    ------
    InputRefusedError
        If there is nothing to read at `path`.
    """
    found = find_files(path)
    with quiet():
        looks = [look_at(file) for file in found.paths]
    files = [look for look in looks if isinstance(look, CTFile)]
    grouped: dict[str, list[CTFile]] = {}
    for file in files:
        grouped.setdefault(file.series_key, []).append(file)
    series = [make_series(key, tuple(group)) for key, group in grouped.items()]
    return Scan(
        series=tuple(one for one in series if one.frames),
        localizers=tuple(n for one in series if not one.frames for n in one.localizers),
        left_out=tuple(look for look in looks if isinstance(look, LeftOut)),
        chosen=found.chosen,
        notes=found.notes,
    )


def make_series(key: str, files: tuple[CTFile, ...]) -> Series:
    """Make a series of files that have `key` in common."""
    # Where a series has no UID the key stands in, so that messages can name it.
    frames = [
        frame if frame.series_uid else replace(frame, series_uid=key)
        for file in files
        for frame in file.frames
    ]
    scouts = _localizers(frames)
    return Series(
        key=key,
        files=files,
        frames=tuple(frame for frame in frames if id(frame) not in scouts),
        localizers=tuple(frame.name for frame in frames if id(frame) in scouts),
    )


def _localizers(frames: list[Frame]) -> set[int]:
    """Identities of frames that say so, or that cross nearly all others."""
    said = {id(frame) for frame in frames if frame.is_localizer}
    normals = {
        id(frame): normal
        for frame in frames
        if id(frame) not in said and (normal := frame.normal) is not None
    }
    if not normals:
        return said
    common = Counter(tuple(np.round(n, 1) + 0.0) for n in normals.values())
    usual = np.array(common.most_common(1)[0][0])
    across = {key for key, normal in normals.items() if abs(normal @ usual) < 0.7}
    few = len(across) <= MOST_SCOUTS and 2 * len(across) < len(normals)
    return said | across if few else said
