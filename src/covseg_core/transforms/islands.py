"""Keep one piece of every organ in a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["largest_of_each"]

FACES = ndimage.generate_binary_structure(3, 1)


def largest_of_each(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Keep the largest island of every value, and give it what clings to it.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxels touch by their faces.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A smaller island takes the value of the largest one that it touches most, or
        goes if it touches none.
    """
    kept = np.zeros_like(labels)
    values = [int(value) for value in np.unique(labels) if value]
    for value in values:
        kept[_largest(labels == value)] = value
    loose, count = ndimage.label((labels > 0) & (kept == 0), structure=FACES)
    if count:
        kept = np.where(loose > 0, _clung_to(loose, count, kept, values), kept)
    return kept


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
    """Give every loose voxel the value that its island touches most, or 0."""
    touches: list[npt.NDArray[Any]] = [np.zeros(count + 1, np.int64)]
    for value in values:
        near = ndimage.binary_dilation(kept == value, structure=FACES)
        touches.append(np.bincount(loose[near], minlength=count + 1))
    table = np.array([0, *values], np.uint8)
    return np.asarray(table[np.argmax(touches, axis=0)][loose])
