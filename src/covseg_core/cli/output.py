"""Results on stdout: text for people, one JSON document for programs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from covseg_core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "OutputPath",
    "make_folder",
    "refuse_file_name",
    "refuse_foreign_json",
    "refuse_overwriting",
    "require_nifti_name",
    "say",
    "say_json",
    "say_line",
]

FILE_SUFFIXES = (
    ".bmp",
    ".csv",
    ".dcm",
    ".gz",
    ".html",
    ".jpeg",
    ".jpg",
    ".json",
    ".mha",
    ".mhd",
    ".nii",
    ".npy",
    ".nrrd",
    ".pdf",
    ".png",
    ".tif",
    ".tiff",
    ".txt",
    ".zip",
)


OutputPath: TypeAlias = Annotated[Path, Parameter(alias="-o")]
"""What a command writes."""


def say(text: str) -> None:
    """Write one line of a result."""
    sys.stdout.write(f"{text}\n")


def say_json(document: Any) -> None:
    """Write a document as JSON; it must hold plain values only."""
    say(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def say_line(document: dict[str, Any]) -> None:
    """Write a document as one line of JSON, at once, for a program that listens."""
    say(json.dumps(document, allow_nan=False))
    sys.stdout.flush()


def require_nifti_name(path: Path) -> None:
    """Raise `UsageError` unless a file to write ends in .nii or .nii.gz."""
    from covseg_core.io import is_nifti

    if not is_nifti(path):
        raise UsageError(f"the output {path.name!r} must end in .nii.gz or .nii.")


def refuse_file_name(path: Path, wanted: str) -> None:
    """Raise `UsageError` if a folder to write has the name of a file.

    Parameters
    ----------
    path : Path
        What came after ``-o``.
    wanted : str
        What should come there.
    """
    if path.suffix.lower() in FILE_SUFFIXES and not path.is_dir():
        raise UsageError(f"the output {path.name!r} must be {wanted}.")


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raise `UsageError` if a result would replace something that is read."""
    read = {_identity(path) for path in inputs} - {None}
    for output in outputs:
        if _identity(output) in read:
            raise UsageError(
                f"the output {output.name!r} would replace an input; "
                "give another name or folder after -o."
            )


def refuse_foreign_json(path: Path) -> None:
    """Raise `UsageError` if a manifest would replace what another program wrote.

    Converters to NIfTI put a JSON file of the scan's name beside it.
    """
    if not path.is_file():
        return
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict) or "covseg" not in document:
        raise UsageError(
            f"{path.name!r} is there already and is not a manifest of covseg; "
            "give another name or folder after -o."
        )


def make_folder(path: Path) -> None:
    """Make a folder to write in, and those above it.

    Raises
    ------
    OutputError
        If it cannot be made or not be written in.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {path.name!r} could not be made: {error.strerror}. "
            "Choose another one after -o."
        ) from error
    if not os.access(path, os.W_OK):
        raise OutputError(
            f"you may not write in the folder {path.name!r}; "
            "choose another one after -o."
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell a file, through links and spellings of its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
