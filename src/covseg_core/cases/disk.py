"""Share a folder with other writers: locks, whole files, leftovers."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from covseg_core.errors import InputRefusedError, OutputError
from covseg_core.io.atomic import force_folder_to_disk

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = [
    "hold",
    "place_file",
    "place_folder",
    "read_text",
    "sha256_of",
    "staged",
    "sweep",
    "writing",
]

LOCK = ".lock"
LOCK_SECONDS = 30.0
LEFTOVER_SECONDS = 3600.0
_LEFTOVER = re.compile(r"\.(new|covseg)-|\.v\d+_")
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}
_EVERYONE = 0o666


@contextmanager
def writing(what: str) -> Generator[None, None, None]:
    """Turn an `OSError` into one sentence that says what could not be written."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{what} could not be written: {_reason(error)}. "
            "What was there is untouched."
        ) from error


@contextmanager
def hold(folder: Path, what: str) -> Generator[None, None, None]:
    """Keep other writers out of a folder.

    Parameters
    ----------
    folder : Path
        Where the lock lies; readers need none.
    what : str
        How messages call it.

    Raises
    ------
    OutputError
        If another writer keeps it for more than half a minute, or you may not
        write there.
    """
    lock = FileLock(folder / LOCK, timeout=LOCK_SECONDS, mode=_EVERYONE)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(
            f"{what} has been in use by another program for {LOCK_SECONDS:g} s; "
            "nothing was written. Try again later."
        ) from error
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"{what} cannot be locked for writing: {_reason(error)}. "
            "You need a disk that you may write to and that knows locks."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staged(parent: Path, ending: str = "") -> Generator[Path, None, None]:
    """Give a hidden name to write under; what is still there at the end goes."""
    path = parent / f".new-{secrets.token_hex(8)}{ending}"
    try:
        yield path
    finally:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def place_file(temporary: Path, target: Path) -> None:
    """Give a finished file its name.

    Raises
    ------
    FileExistsError
        If the name is taken; what has it is untouched.
    """
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_exclusively(temporary, target)
    force_folder_to_disk(target.parent)


def place_folder(temporary: Path, target: Path) -> None:
    """Give a finished folder its name; an empty folder may have it already.

    Raises
    ------
    OSError
        If something else has the name; it is untouched.
    """
    if target.is_dir():
        target.rmdir()
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    temporary.rename(target)
    force_folder_to_disk(target.parent)


def sweep(folder: Path) -> None:
    """Remove what writers left behind that died more than an hour ago."""
    oldest = time.time() - LEFTOVER_SECONDS
    for path in folder.iterdir():
        with suppress(OSError):
            if not _LEFTOVER.match(path.name) or path.stat().st_mtime > oldest:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def sha256_of(path: Path) -> str:
    """Hash the bytes of a file.

    Raises
    ------
    InputRefusedError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def read_text(path: Path, what: str) -> str:
    """Read a text file of the store.

    Raises
    ------
    InputRefusedError
        If it cannot be read or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(path, error, what) from error
    except UnicodeDecodeError as error:
        raise InputRefusedError(
            f"{what} cannot be read: it is damaged. Put it back from a backup."
        ) from error


def _unreadable(path: Path, error: OSError, what: str = "") -> InputRefusedError:
    return InputRefusedError(f"{what or path.name} cannot be read: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _rename_exclusively(temporary: Path, target: Path) -> None:
    # Without links two steps are needed; the lock keeps others out between them.
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    temporary.rename(target)
