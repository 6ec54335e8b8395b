"""Read masks that are pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.io.images import read_colours, read_slice
from covseg_core.labels import INFECTION, LABEL_SETS, LESIONS, UNKNOWN_CLASS, Lesion
from covseg_core.volume import Grid, LesionMask

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import CTVolume

__all__ = [
    "empty_mask",
    "read_binary_mask",
    "read_colour_mask",
    "read_label_mask",
]

_COLOURS = {
    (0, 0, 0): Lesion.BACKGROUND,
    (128, 0, 0): Lesion.GGO,
    (38, 38, 38): Lesion.GGO,
    (0, 128, 0): Lesion.CONSOLIDATION,
    (75, 75, 75): Lesion.CONSOLIDATION,
}
"""Of the multi-class masks of COVID-SemiSeg, and the greys that they turn into."""


def empty_mask(ct: CTVolume) -> LesionMask:
    """Make a mask that says that there is no infection."""
    return LesionMask(np.zeros(ct.grid.shape, np.uint8), ct.grid, INFECTION)


def read_binary_mask(path: Path, ct: CTVolume) -> LesionMask:
    """Read a mask of one class, white where there is infection.

    Raises
    ------
    InputRefusedError
        If it is no grey 8-bit picture.
    GeometryError
        If it has another size than `ct`.
    """
    white = read_slice(path).grey >= 128
    return _mask(white.astype(np.uint8), ct, INFECTION.name)


def read_colour_mask(path: Path, ct: CTVolume) -> LesionMask:
    """Read a mask with dark red ground glass and dark green consolidation.

    Raises
    ------
    InputRefusedError
        If it holds another colour, or is no picture.
    GeometryError
        If it has another size than `ct`.
    """
    pixels = read_colours(path)
    labels = np.full(pixels.shape[:2], UNKNOWN_CLASS, np.uint8)
    for colour, lesion in _COLOURS.items():
        labels[(pixels == colour).all(axis=2)] = lesion
    strange = pixels[labels == UNKNOWN_CLASS]
    if len(strange):
        first = ", ".join(str(level) for level in strange[0])
        raise InputRefusedError(
            f"{path.name} has {len(strange)} pixels of strange colours, ({first}) "
            "first; (128, 0, 0) for ground glass and (0, 128, 0) for consolidation "
            "are needed. Download the masks again, as PNG."
        )
    return _mask(labels, ct, LESIONS.name)


def read_label_mask(path: Path, ct: CTVolume, label_set: str) -> LesionMask:
    """Read a mask whose grey levels are labels.

    255 means infected, of no known class; where there is one class it is that one.

    Raises
    ------
    InputRefusedError
        If it holds other values, is a JPEG or no picture.
    GeometryError
        If it has another size than `ct`.
    """
    if path.suffix.lower() in (".jpg", ".jpeg"):
        raise InputRefusedError(
            f"the mask {path.name} is a JPEG, which changes values. Save it as PNG."
        )
    grey = read_slice(path).grey
    values = LABEL_SETS[label_set].values
    allowed = (0, *values, UNKNOWN_CLASS)
    wrong = sorted(set(np.unique(grey).tolist()) - set(allowed))
    if wrong:
        raise InputRefusedError(
            f"the mask {path.name} holds {', '.join(map(str, wrong[:5]))}; a mask of "
            f"{label_set} may hold only {', '.join(map(str, allowed))}."
        )
    if label_set == INFECTION.name:
        grey = (grey > 0).astype(np.uint8)
    return _mask(grey, ct, label_set)


def _mask(labels: npt.NDArray[np.uint8], ct: CTVolume, label_set: str) -> LesionMask:
    grid = Grid((1, *labels.shape), ct.grid.affine_lps)
    mask = LesionMask(labels[None], grid, LABEL_SETS[label_set])
    mask.require_on(ct)
    return mask
