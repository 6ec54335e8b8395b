"""Keep one piece of every organ in a mask, without what merely touches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["largest_of_each"]

FACES = ndimage.generate_binary_structure(3, 1)
NECK_MM = 4.0
"""What hangs together by a neck of less than twice this, in a slice, are two pieces."""
CONTACT = 0.1
"""A piece belongs to what it touches with this share of its largest cross-section."""


def largest_of_each(
    labels: npt.NDArray[np.uint8], spacing_mm_zyx: tuple[float, float, float]
) -> npt.NDArray[np.uint8]:
    """Keep the largest piece of every value, and give it what lies broadly against it.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxels touch by their faces.
    spacing_mm_zyx : tuple of float
        Between voxels.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A smaller piece takes the value of the largest one that it touches most, or
        goes if it touches none, or only in a narrow place: a stomach is next to a
        lung, a sliver of lung goes on where it ends.
    """
    kept = np.zeros_like(labels)
    values = [int(value) for value in np.unique(labels) if value]
    reach = [max(1, round(NECK_MM / mm)) for mm in spacing_mm_zyx[1:]]
    inner = ndimage.minimum_filter(labels, _window(reach))
    for value in values:
        mask = labels == value
        thick = mask & (inner == value)
        core = _largest(thick) if thick.any() else _largest(mask)
        near = ndimage.maximum_filter(core, _window(reach, more=1))
        kept[mask & near] = value
    loose, count = ndimage.label((labels > 0) & (kept == 0), structure=FACES)
    if count:
        kept = np.where(loose > 0, _clung_to(loose, count, kept, values), kept)
    return kept


def _window(reach: list[int], more: int = 0) -> tuple[int, ...]:
    """Span so many pixels to every side, within a slice."""
    return (1, *(2 * (pixels + more) + 1 for pixels in reach))


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    islands, count = ndimage.label(mask, structure=FACES)
    if not count:
        return mask
    sizes: npt.NDArray[Any] = np.bincount(islands.ravel())
    sizes[0] = 0
    return np.asarray(islands == sizes.argmax())


def _clung_to(
    loose: npt.NDArray[np.int32],
    count: int,
    kept: npt.NDArray[np.uint8],
    values: list[int],
) -> npt.NDArray[np.uint8]:
    """Give every loose voxel the value that its piece lies against, or 0."""
    section: npt.NDArray[Any] = np.zeros(count + 1, np.int64)
    for plane in loose:
        section = np.maximum(section, np.bincount(plane.ravel(), minlength=count + 1))
    touches: list[npt.NDArray[Any]] = [CONTACT * section]
    for value in values:
        near = ndimage.binary_dilation(kept == value, structure=FACES)
        touches.append(np.bincount(loose[near], minlength=count + 1))
    table = np.array([0, *values], np.uint8)
    return np.asarray(table[np.argmax(touches, axis=0)][loose])
