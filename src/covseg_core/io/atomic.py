"""Write a file so that the one that was there survives every failure.

A result is written beside its target under a hidden name, forced to the disk,
read back and only then put in the target's place.  A full disk, a crash or a
killed process leaves the old file as it was.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "force_folder_to_disk",
    "misread",
    "write_atomically",
    "write_bytes",
    "write_json",
    "write_text",
]

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space and save again",
    errno.EDQUOT: "your disk quota is used up. Free some space and save again",
    errno.ENOENT: "its folder does not exist. Make the folder or choose another",
    errno.ENOTDIR: "its folder is a file. Choose another folder",
    errno.EISDIR: "a folder has that name. Choose another name",
    errno.EACCES: "you may not write there. Choose another folder",
    errno.EPERM: "you may not write there. Choose another folder",
    errno.EROFS: "the disk is read-only. Choose another folder",
    errno.ENAMETOOLONG: "its name is too long. Choose a shorter one",
}


def write_atomically(
    path: Path,
    write: Callable[[Path], None],
    check: Callable[[Path], None] | None = None,
) -> None:
    """Put a file at `path`, whole or not at all.

    A symbolic link stays one: the file that it points to is replaced.  The mode
    of an old file is kept.

    Parameters
    ----------
    path : Path
        Where the file shall be; its folder must exist.
    write : callable
        Writes the file to the path that it is given, which has the suffix of
        `path` (``.nii.gz`` counts as one).
    check : callable, optional
        Reads the written file back and raises if it is not what was meant.

    Raises
    ------
    OutputError
        If the file cannot be written; what was at `path` is untouched.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = _mode_of(target)
        temporary = _create_beside(target, private=mode is not None)
        try:
            write(temporary)
            _force_to_disk(temporary)
            if check is not None:
                check(temporary)
            if mode is not None:
                temporary.chmod(mode)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error
    force_folder_to_disk(target.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all, and read it back.

    Raises
    ------
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """

    def check(written: Path) -> None:
        if written.read_bytes() != content:
            raise misread(path.name)

    write_atomically(path, lambda temporary: _write_all(temporary, content), check)


def misread(name: str) -> OutputError:
    """Make the error for a file that does not hold what was written to it."""
    return OutputError(
        f"{name} was read back differently from what was written. "
        "Check the disk and save again; the old file is untouched."
    )


def write_text(path: Path, text: str) -> None:
    r"""Write `text` to `path` as UTF-8 with ``\n`` line ends; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Any) -> None:
    """Write `document` to `path` as indented JSON; see `write_bytes`.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON cannot say.
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def _write_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _mode_of(target: Path) -> int | None:
    """Permission bits of the file that will be replaced, None if there is none."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "a device or pipe has that name")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "is write-protected")
    return stat.S_IMODE(status.st_mode)


def _create_beside(target: Path, *, private: bool) -> Path:
    """Make an empty hidden file in the folder of `target`, with its suffix."""
    temporary = target.with_name(f".covseg-{secrets.token_hex(8)}{_suffix(target)}")
    # A replaced file may be private, so nobody else may read the new one early.
    permissions = 0o600 if private else 0o666
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, permissions))
    return temporary


def _suffix(path: Path) -> str:
    """Suffix that says the format, ``.nii.gz`` counted as one."""
    if path.suffix.lower() == ".gz":
        return Path(path.stem).suffix + path.suffix
    return path.suffix


def _force_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def force_folder_to_disk(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut, where one can."""
    # Some network disks and Windows cannot; the file itself is safe by then.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sentence(path: Path, error: OSError) -> str:
    reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
    return f"{path.name} could not be written: {reason}. What was there is untouched."
