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
    from collections.abc import Container, Mapping
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
_NOT_OURS = re.compile(r"\.|__MACOSX$")


def find_root(folder: Path, expected: str, wanted: tuple[str, ...]) -> Path:
    """Find where the files lie: in `folder`, or in the only folder inside that fits.

    Hidden folders, and those that macOS adds to archives, are not looked into.

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
        If none is there, with what was expected, or if several folders inside fit.
    """
    fitting = [folder] if _fits(folder, wanted) else _fitting_inside(folder, wanted)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(root.name for root in fitting)
        raise InputRefusedError(
            f"{folder.name or 'this folder'} holds {len(fitting)} folders of this "
            f"collection: {names}. Give one after the other."
        )
    raise InputRefusedError(
        f"{folder.name or 'this folder'} does not hold this collection: {expected} "
        "was expected. Unpack the whole download, and give the folder it is in."
    )


def list_niftis(*folders: Path, channel: str = "") -> dict[str, Path]:
    """List ``.nii`` and ``.nii.gz`` files by their names without ending.

    Parameters
    ----------
    folders : Path
        Where to look; one that is not there is empty.
    channel : str
        What does not count at the end of a name either.

    Raises
    ------
    InputRefusedError
        If two files differ in their folder or ending only.
    """
    paths = [path for folder in folders for path in _niftis_in(folder)]
    stems = {path: _nifti_stem(path).removesuffix(channel) for path in paths}
    return _by_stem(paths, stems)


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


def patients_of(
    folder: Path, root: Path, images: Container[str], channel: str = ""
) -> dict[str, str]:
    """Read ``patients.csv``, columns `name` and `patient`, if there is one.

    Parameters
    ----------
    folder : Path
        What the user gave.
    root : Path
        Where the table lies, as `find_root` found it.
    images : container of str
        Names without ending that its rows may have.
    channel : str
        What does not count at the end of a name, as in `list_niftis`.

    Returns
    -------
    dict
        Patient by a file's name without ending; whom it names may be a person.

    Raises
    ------
    InputRefusedError
        If the table has other columns or cannot be read, names no image or gives
        one two patients, or if there is one where it would not be read.
    """
    _require_no_stray(folder, root)
    found: dict[str, str] = {}
    strangers = []
    for line, name, patient in _rows(root / _PATIENTS):
        stem = _plain_stem(name).removesuffix(channel)
        if stem not in images:
            strangers.append(line)
        elif found.setdefault(stem, patient) != patient:
            raise InputRefusedError(
                f"line {line} of {_PATIENTS} gives an image another patient than a "
                "line before it. Remove one of them."
            )
    if strangers:
        # A name may be a person's, so the line is told.
        raise InputRefusedError(
            f"{len(strangers)} rows of {_PATIENTS} name no image, line {strangers[0]} "
            "first. Correct each name to that of its image, without folder and with "
            "or without ending, or remove the row."
        )
    return found


def _require_no_stray(folder: Path, root: Path) -> None:
    tables = folder / _PATIENTS, *root.glob(f"*/{_PATIENTS}")
    strays = [path.parent for path in tables if path.parent != root and path.is_file()]
    if strays:
        raise InputRefusedError(
            f"{_PATIENTS} lies in {strays[0].resolve().name}, where it is not read. "
            f"Move it to {root.resolve().name}, or remove it."
        )


def _fits(folder: Path, wanted: tuple[str, ...]) -> bool:
    return any((folder / name).exists() for name in wanted)


def _fitting_inside(folder: Path, wanted: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    ours = (path for path in folder.iterdir() if not _NOT_OURS.match(path.name))
    return sorted(path for path in ours if _fits(path, wanted))


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """Read line, name and patient of each row that is not blank."""
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            rows = [(table.line_num, row["name"], row["patient"]) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise InputRefusedError(
            f"{_PATIENTS} cannot be read ({type(error).__name__}). It needs the "
            "columns name and patient, in UTF-8, one row per image."
        ) from error
    stripped = [
        (line, (name or "").strip(), (patient or "").strip())
        for line, name, patient in rows
    ]
    return [row for row in stripped if any(row[1:])]


def _niftis_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if is_nifti(path) and path.is_file()]
    visible = [path for path in paths if not path.name.startswith(".")]
    return sorted(visible, key=lambda path: _natural(path.name))


def _by_stem(paths: list[Path], stems: Mapping[Path, str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(stems[path], path)
        if other is not path:
            raise InputRefusedError(
                f"{other.parent.name}/{other.name} and {path.parent.name}/{path.name} "
                "are one name, as folder and ending do not count. Rename or remove "
                "one of them."
            )
    return found


def _nifti_stem(path: Path) -> str:
    longest = sorted(NIFTI_SUFFIXES, key=len, reverse=True)
    ending = next(end for end in longest if path.name.lower().endswith(end))
    return path.name[: -len(ending)]


def _plain_stem(name: str) -> str:
    return re.sub(r"\.(nii\.gz|nii|png|jpe?g|bmp)$", "", name, flags=re.I)


def _natural(name: str) -> tuple[object, ...]:
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts)
