"""Find the files that may belong to a scan: in a folder, beside a file, on a CD."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import items, quiet, strings
from covseg_core.io.dicom.frames import some_names
from covseg_core.io.dicom.parse import read_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_FILES", "FoundFiles", "find_files"]

MAX_FILES = 50_000
"""A folder with more files is more than one scan, such as a whole disk."""


@dataclass(frozen=True)
class FoundFiles:
    """What there is to look at.

    Parameters
    ----------
    paths : tuple of Path
        Files in the order of their names.
    chosen : Path, optional
        The file that the user named, whose series is wanted.
    notes : tuple of str
        What a careful reader should know.
    """

    paths: tuple[Path, ...]
    chosen: Path | None = None
    notes: tuple[str, ...] = ()


def find_files(path: Path) -> FoundFiles:
    """List the files of a folder with all below it, of a DICOMDIR, or beside a file.

    Raises
    ------
    InputRefusedError
        If there is nothing at `path`, a folder cannot be read, or there are more than
        `MAX_FILES` files.
    """
    if path.is_dir():
        return FoundFiles(_limited(_walk(path)))
    if not path.is_file():
        raise InputRefusedError(
            f"{path.name} is neither a file nor a folder. Check the path."
        )
    if path.name.upper() == "DICOMDIR":
        return _files_of_directory(path)
    return FoundFiles(_limited(_beside(path)), chosen=path.absolute())


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, onerror=_refuse_locked):
        for name in names:
            if _may_be_slice(path := Path(parent, name)):
                yield path


def _beside(path: Path) -> Iterator[Path]:
    folder = path.absolute().parent
    try:
        return iter([other for other in folder.iterdir() if _may_be_slice(other)])
    except OSError as error:
        _refuse_locked(error)


def _may_be_slice(path: Path) -> bool:
    """Leave out folders, and pipes and devices, which would block the reader for ever.

    A link that leads nowhere may be a slice that was not copied; see `look_at`.
    """
    try:
        return path.is_file() or not path.exists()
    except OSError:
        return True


def _refuse_locked(error: OSError) -> NoReturn:
    raise InputRefusedError(
        f"the folder {Path(error.filename or '').name!r} cannot be read "
        f"({error.strerror}), and slices may lie in it. Ask for the right to read it, "
        "or take it out of the folder of the scan."
    ) from error


def _limited(paths: Iterator[Path]) -> tuple[Path, ...]:
    found: list[Path] = []
    for path in paths:
        found.append(path)
        if len(found) > MAX_FILES:
            raise InputRefusedError(
                f"the folder holds more than {MAX_FILES} files. "
                "Choose the folder of one examination."
            )
    return tuple(sorted(found))


def _files_of_directory(path: Path) -> FoundFiles:
    """Resolve the records of a DICOMDIR to files that exist below its folder."""
    paths, missing = [], []
    for parts in _referenced_files(path):
        found = _resolve(path.parent, parts)
        if found is None:
            missing.append(parts[-1])
        else:
            paths.append(found)
    if not paths:
        raise InputRefusedError(
            f"{path.name} names {len(missing)} files and none of them is there. "
            "Copy the whole medium, or open the folder with the images."
        )
    notes = (
        (f"the DICOMDIR names {len(missing)} more files: {some_names(missing)}",)
        if missing
        else ()
    )
    return FoundFiles(tuple(sorted(set(paths))), notes=notes)


def _referenced_files(path: Path) -> list[tuple[str, ...]]:
    try:
        with quiet():
            records = items(read_directory(path), "DirectoryRecordSequence")
            files = [strings(record, "ReferencedFileID") for record in records]
    except Exception as error:
        raise InputRefusedError(
            f"{path.name} is damaged ({type(error).__name__}). "
            "Open the folder with the images instead."
        ) from error
    return [parts for parts in files if parts]


def _resolve(root: Path, parts: tuple[str, ...]) -> Path | None:
    """Find the file of a record as written, or in small letters as on Linux."""
    if any(part in ("", ".", "..") or "/" in part or "\\" in part for part in parts):
        return None
    small = [part.lower() for part in parts]
    spellings = (root.joinpath(*parts), root.joinpath(*small))
    return next((path for path in spellings if path.is_file()), None)
