"""Open a DICOM folder or file, or a NIfTI file, as layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from napari import current_viewer
from napari.utils.notifications import show_error, show_info

from covseg_core.errors import CovsegError
from covseg_core.io import is_nifti
from napari_covseg._convert import LayerTuple
from napari_covseg._files.choose_series import choose_series
from napari_covseg._files.open import open_path

__all__ = ["get_reader"]

Reader: TypeAlias = Callable[[str | Sequence[str]], list[LayerTuple | tuple[None]]]

_NOTHING: list[LayerTuple | tuple[None]] = [(None,)]
"""What napari understands as: it was my file, and there is no layer."""
_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
_DICOMDIR = "DICOMDIR"
_FILES_LOOKED_AT = 50
_PREAMBLE = 128
# Group 2 or 8 in little endian, as files without preamble begin.
_BARE_STARTS = (b"\x02\x00", b"\x08\x00")


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Say whether CovSeg can open a path, after a quick look.

    Parameters
    ----------
    path : str or sequence of str
        A folder, a file, or the files of one DICOM series.

    Returns
    -------
    callable or None
        Reads the path; None if it is none of ours.  Never raises.
    """
    paths = [Path(each) for each in ([path] if isinstance(path, str) else path)]
    try:
        return _read if paths and _is_ours(paths) else None
    except OSError:
        return None


def _is_ours(paths: Sequence[Path]) -> bool:
    first = paths[0]
    if len(paths) > 1:
        together = {each.parent for each in paths} == {first.parent}
        return together and all(_is_dicom_name(each) for each in paths)
    if first.is_dir():
        some = islice(_walk(first), _FILES_LOOKED_AT)
        return any(_is_dicom_file(each) for each in some)
    return first.is_file() and (is_nifti(first) or _is_dicom_name(first))


def _is_dicom_name(path: Path) -> bool:
    name = path.name
    return name.upper() == _DICOMDIR or name.lower().endswith(_DICOM_SUFFIXES)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            # A pipe or device would block the reader for ever.
            if (path := Path(parent, name)).is_file():
                yield path


def _is_dicom_file(path: Path) -> bool:
    if _is_dicom_name(path):
        return True
    try:
        with path.open("rb") as stream:
            start = stream.read(_PREAMBLE + 4)
    except OSError:
        return False
    return start[_PREAMBLE:] == b"DICM" or start[:2] in _BARE_STARTS


def _read(path: str | Sequence[str]) -> list[LayerTuple | tuple[None]]:
    """Read a path; in a viewer a refusal becomes a notification."""
    # One file of a DICOM series stands for all of it.
    first = Path(path if isinstance(path, str) else path[0])
    in_viewer = current_viewer() is not None
    try:
        opened = open_path(first, choose_series if in_viewer else None)
    except CovsegError as error:
        if not in_viewer:
            raise
        show_error(str(error))
        return _NOTHING
    if opened is None:
        return _NOTHING
    for note in opened.notes:
        show_info(note)
    return [opened.layer]
