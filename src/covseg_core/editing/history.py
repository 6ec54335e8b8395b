"""Undo and redo with bounded memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covseg_core.editing.change import Change

__all__ = ["LIMIT_BYTES", "History"]

LIMIT_BYTES = 128 * 2**20
"""A model's mask of a whole CT takes about 1 MB, a stroke less than 1 kB."""


class History:
    """The edits that can be taken back, and those that can be made again.

    Parameters
    ----------
    limit_bytes : int
        The oldest edits are forgotten beyond it; the newest one never is.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._done: deque[Change] = deque()
        self._undone: list[Change] = []

    @property
    def nbytes(self) -> int:
        """Memory of all edits."""
        return sum(each.nbytes for each in (*self._done, *self._undone))

    @property
    def undo_title(self) -> str | None:
        """What `undo` would take back; None if there is nothing."""
        return self._done[-1].title if self._done else None

    @property
    def redo_title(self) -> str | None:
        """What `redo` would make again; None if there is nothing."""
        return self._undone[-1].title if self._undone else None

    def push(self, change: Change) -> None:
        """Remember an edit that was just made; what was undone is forgotten."""
        self._undone.clear()
        self._done.append(change)
        while len(self._done) > 1 and self.nbytes > self._limit_bytes:
            self._done.popleft()

    def undo(self) -> Change | None:
        """Give the newest edit, to be reverted; None if there is none."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Change | None:
        """Give the edit that was undone last, to be applied; None if there is none."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]
