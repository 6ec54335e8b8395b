"""Bring back a mask from the journal of an editor that was killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from covseg_core.editing.frames import MAGIC, Frame, unpack_all
from covseg_core.editing.journal import JournalHeader
from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.editing.change import Change

__all__ = ["Recovered", "read_journal"]


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a journal holds.

    Parameters
    ----------
    path : Path
        The file.
    header : JournalHeader
        Which scan.
    base : ndarray of uint8, shape (Z, Y, X)
        The mask before the first edit, in the standard orientation.
    labels : ndarray of uint8, shape (Z, Y, X)
        The mask after the last edit that reached the disk.
    edits : int
        How many there were, undone ones and undoing counted.
    checked : tuple of int
        Slices that the reader has ticked.
    """

    path: Path
    header: JournalHeader
    base: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    edits: int
    checked: tuple[int, ...] = ()


def read_journal(path: Path) -> Recovered:
    """Read what a journal holds, as far as it is whole.

    Raises
    ------
    InputRefusedError
        If it is no journal, or not even its first two frames are whole.
    """
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise InputRefusedError(f"{path.name} is no journal of covseg.")
        replay = _Replay(path)
        for frame in unpack_all(stream):
            replay.take(frame)
    return replay.recovered()


class _Replay:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._header: JournalHeader | None = None
        self._base: npt.NDArray[np.uint8] | None = None
        self._labels: npt.NDArray[np.uint8] | None = None
        self._draft: Change | None = None
        self._edits = 0
        self._checked: tuple[int, ...] = ()

    def take(self, frame: Frame) -> None:
        """Follow one frame."""
        if frame.kind == "header":
            self._header = _header(self._path, frame)
        elif frame.kind == "checked":
            self._checked = tuple(frame.facts["slices"])
        elif frame.kind == "draft":
            self._draft = frame.change
        elif frame.kind == "base" and self._header is not None:
            self._base = np.zeros(self._header.standard_shape, np.uint8)
            _make(self._base, frame.change)
            self._labels = self._base.copy()
        elif frame.kind == "change" and self._labels is not None:
            self._draft = None
            self._edits += 1
            _make(self._labels, frame.change)

    def recovered(self) -> Recovered:
        """Give what was read."""
        if self._header is None or self._base is None or self._labels is None:
            raise InputRefusedError(
                f"{self._path.name} ends before the first edit; nothing is in it."
            )
        _make(self._labels, self._draft)
        return Recovered(
            self._path,
            self._header,
            self._base,
            self._labels,
            self._edits + (self._draft is not None),
            self._checked,
        )


def _header(path: Path, frame: Frame) -> JournalHeader:
    try:
        return JournalHeader.model_validate(frame.facts)
    except ValidationError as error:
        raise InputRefusedError(
            f"{path.name} was written by another version of covseg."
        ) from error


def _make(labels: npt.NDArray[np.uint8], change: Change | None) -> None:
    if change is not None:
        change.require_within(labels.shape)
        change.apply(labels)
