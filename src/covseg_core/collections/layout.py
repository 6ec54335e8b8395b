"""Find the files of a collection, and say what was expected where they are not."""

from __future__ import annotations

import csv
import hashlib
import re
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError
from covseg_core.io import NIFTI_SUFFIXES, is_nifti
from covseg_core.io.images import list_slices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "find_root",
    "list_niftis",
    "list_pictures",
    "patients_of",
    "public_id",
    "require_no_strangers",
]

_PATIENTS = "patients.csv"
_LONGEST_ID = 64


def find_root(folder: Path, expected: str, wanted: tuple[str, ...]) -> Path:
    """Find where the files lie: in `folder`, or in the only folder inside that fits.

    Parameters
    ----------
    folder : Path
        What the user gave.
    expected : str
        The layout in words, for the message.
    wanted : tuple of str
        Paths; one of them must be there.

    Raises
    ------
    InputRefusedError
        If none is there; says what was expected.
    """
    if folder.is_dir():
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
        for root in (folder, *inner):
            if any((root / name).exists() for name in wanted):
                return root
    raise InputRefusedError(
        f"{folder.name or 'this folder'} does not hold this collection: {expected} "
        "was expected. Unpack the whole download, and give the folder it is in."
    )


def list_niftis(folder: Path) -> dict[str, Path]:
    """List ``.nii`` and ``.nii.gz`` files by their names without ending.

    Raises
    ------
    InputRefusedError
        If two files differ in their ending only.
    """
    if not folder.is_dir():
        return {}
    paths = [path for path in folder.iterdir() if is_nifti(path) and path.is_file()]
    visible = [path for path in paths if not path.name.startswith(".")]
    ordered = sorted(visible, key=lambda path: _natural(path.name))
    return _by_stem(ordered, {path: _nifti_stem(path) for path in ordered})


def list_pictures(folder: Path) -> dict[str, Path]:
    """List pictures by their names without ending; raises as `list_niftis` does."""
    if not folder.is_dir():
        return {}
    paths = list(list_slices(folder))
    return _by_stem(paths, {path: path.stem for path in paths})


def require_no_strangers(images: Mapping[str, Path], masks: Mapping[str, Path]) -> None:
    """Raise `InputRefusedError` if a mask has no image of its name."""
    strangers = [path.name for stem, path in masks.items() if stem not in images]
    if strangers:
        raise InputRefusedError(
            f"{len(strangers)} masks have no image, {strangers[0]} first. An image and "
            "its mask need the same name but for the ending; copy the missing images."
        )


def public_id(*parts: str) -> str:
    """Make a case id of a collection's own names."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(parts))
    if len(text) <= _LONGEST_ID:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{text[: _LONGEST_ID - 9]}-{digest}"


def patients_of(folder: Path) -> dict[str, str]:
    """Read ``patients.csv``, columns `name` and `patient`, if there is one.

    Returns
    -------
    dict
        Patient by a file's name without ending; whom it names may be a person.

    Raises
    ------
    InputRefusedError
        If the table has other columns or cannot be read.
    """
    path = folder / _PATIENTS
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(row["name"], row["patient"]) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise InputRefusedError(
            f"{_PATIENTS} cannot be read ({type(error).__name__}). It needs the "
            "columns name and patient, in UTF-8, one row per image."
        ) from error
    return {_plain_stem(name or ""): patient or "" for name, patient in rows}


def _by_stem(paths: list[Path], stems: Mapping[Path, str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        if stems[path] in found:
            raise InputRefusedError(
                f"{found[stems[path]].name} and {path.name} differ in their ending "
                "only. Remove one of them."
            )
        found[stems[path]] = path
    return found


def _nifti_stem(path: Path) -> str:
    longest = sorted(NIFTI_SUFFIXES, key=len, reverse=True)
    ending = next(end for end in longest if path.name.lower().endswith(end))
    return path.name[: -len(ending)]


def _plain_stem(name: str) -> str:
    return re.sub(r"\.(nii\.gz|nii|png|jpe?g|bmp)$", "", name.strip(), flags=re.I)


def _natural(name: str) -> tuple[object, ...]:
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts)
