"""Read a path and decide what it is: a CT, or a mask, and of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import InputRefusedError, SeriesChoiceError
from covseg_core.io import is_nifti, read_ct
from covseg_core.io.images import is_picture
from covseg_core.labels import INFECTION, LESIONS, LUNGS, LabelSet
from napari_covseg._convert import LayerTuple, ct_layer, mask_layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covseg_core.volume import CTVolume

__all__ = ["Opened", "label_set_of", "open_path"]

_MOST_CLASSES = 16
"""A picture has more grey levels than this, a mask fewer."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A layer, and what a careful reader should know of it."""

    layer: LayerTuple
    notes: tuple[str, ...] = ()


def open_path(
    path: Path, choose: Callable[[tuple[object, ...]], str | None] | None = None
) -> Opened | None:
    """Read a DICOM folder or file, or a NIfTI file.

    Parameters
    ----------
    path : Path
        What to read.
    choose : callable, optional
        Asked for the UID of one series where there are several.

    Returns
    -------
    Opened or None
        None if the user chose no series.

    Raises
    ------
    InputRefusedError
        If there is neither a CT nor a mask that is safe to use; says why.
    SeriesChoiceError
        If there are several series and nobody to ask.
    """
    if is_nifti(path) and not path.is_dir():
        return _open_nifti(path)
    if is_picture(path):
        raise InputRefusedError(
            f"{path.name} is a picture, and only a CT opens here; "
            "`covseg predict --slices8bit` outlines pictures."
        )
    try:
        return _opened(read_ct(path), "CT")
    except SeriesChoiceError as several:
        if choose is None:
            raise
        uid = choose(several.series)
    return _opened(read_ct(path, series_uid=uid), "CT") if uid else None


def _open_nifti(path: Path) -> Opened:
    try:
        ct = read_ct(path)
    except InputRefusedError as refusal:
        try:
            return _open_mask(path)
        except InputRefusedError:
            raise refusal from None
    return _open_mask(path) if _is_mask(ct) else _opened(ct, _stem(path))


def _open_mask(path: Path) -> Opened:
    from covseg_core.io.nifti import read_nifti_labels

    mask = read_nifti_labels(path, label_set_of(_stem(path)), allow_unknown=True)
    return Opened(mask_layer(mask, _stem(path)))


def _opened(ct: CTVolume, name: str) -> Opened:
    return Opened(ct_layer(ct, name), ct.source.notes)


def _is_mask(ct: CTVolume) -> bool:
    return not ct.is_hu and len(np.unique(ct.hu)) <= _MOST_CLASSES


def label_set_of(stem: str) -> LabelSet:
    """Guess what a mask is of from the last word of its name."""
    name = stem.lower()
    if name.endswith(("lung", "lungs")):
        return LUNGS
    return INFECTION if name.endswith("infection") else LESIONS


def _stem(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".nii"):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name
