"""A file that follows the edits of a mask, so that none is lost in a crash.

The first frame tells which scan, the second brings the mask as it was before the
first edit.  A frame that was cut off by a crash ends the file.  A ``draft`` is the
part of a stroke that was done when it was written; the next edit replaces it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, BinaryIO, Literal

from filelock import FileLock, Timeout

from covseg_core.editing.frames import MAGIC, Frame, pack
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.editing.change import Change

__all__ = [
    "SUFFIX",
    "JournalHeader",
    "JournalWriter",
    "is_in_use",
    "remove_journal",
]

SUFFIX = ".journal"
_OWNER_ONLY = 0o600


class JournalHeader(Settings):
    """Whose edits a journal follows.

    `shape` (Z, Y, X) and `affine_lps` are of the scan as it was read; the edits are
    in the standard orientation.  `path` is where the scan was opened from, `store`
    and `case_id` if it was a case, `version` the mask that the edits began with.
    """

    shape: tuple[int, int, int]
    affine_lps: tuple[tuple[float, ...], ...]
    standard_shape: tuple[int, int, int]
    label_set: str
    title: str
    image_sha256: str = ""
    path: str = ""
    series_uid: str = ""
    store: str = ""
    case_id: str = ""
    version: int | None = None
    origin: Literal["model", "edited", "manual"] = "manual"
    model: str = ""
    model_sha256: str = ""
    started_utc: str


class JournalWriter:
    """Appends to one journal; every call returns when the disk has it.

    Parameters
    ----------
    path : Path
        A new file; only its owner may read it.
    header : JournalHeader
        Which scan.

    Raises
    ------
    OSError
        From every method; what was written before stays readable, and the next
        call goes on after it.
    """

    def __init__(self, path: Path, header: JournalHeader) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(_lock_of(path), timeout=0)
        self._end = 0
        # What a full disk did not take must not be in the way of the next try.
        with ExitStack() as on_failure:
            self._lock.acquire()
            on_failure.callback(self._lock.release)
            self._file = _created(path)
            on_failure.callback(self.remove)
            self._append(MAGIC + pack(Frame("header", header.model_dump(mode="json"))))
            on_failure.pop_all()

    def write_base(self, change: Change | None) -> None:
        """Write the mask before the first edit, as a change of an empty one."""
        self._append(pack(Frame("base", {}, change)))

    def write_change(self, change: Change) -> None:
        """Write an edit; an undo is the inverse of what it takes back."""
        self._append(pack(Frame("change", {}, change)))

    def write_draft(self, change: Change) -> None:
        """Write how far an unfinished stroke has come."""
        self._append(pack(Frame("draft", {}, change)))

    def write_checked(self, slices: tuple[int, ...]) -> None:
        """Write which slices the reader has ticked."""
        self._append(pack(Frame("checked", {"slices": slices})))

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._file.close()
        self._lock.release()

    def remove(self) -> None:
        """Close and remove it: all is saved elsewhere, or wanted no more."""
        self.close()
        remove_journal(self.path)

    def _append(self, data: bytes) -> None:
        try:
            if self._file.closed:
                self._file = self._reopened()
            # A frame that a full disk cut off would hide those after it.
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file = self._reopened()
            raise
        self._end += len(data)

    def _reopened(self) -> BinaryIO:
        # What a full disk did not take is given up with the buffer.
        with suppress(OSError):
            self._file.close()
        stream = self.path.open("r+b")
        stream.truncate(self._end)
        return stream


def is_in_use(path: Path) -> bool:
    """Whether a living program writes to a journal."""
    lock = FileLock(_lock_of(path), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def remove_journal(path: Path) -> None:
    """Remove a journal and its lock; missing ones are no error."""
    path.unlink(missing_ok=True)
    _lock_of(path).unlink(missing_ok=True)


def _created(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb")


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")
