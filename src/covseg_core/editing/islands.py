"""Remove small islands of a class, and fill small holes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.editing.box import class_box

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["fill_holes", "remove_islands"]

_TOUCHING = np.ones((3, 3, 3), bool)
_FACES = np.abs(np.indices((3, 3, 3)) - 1).sum(axis=0) <= 1
# What encloses touches by corners, so what is enclosed must not.
_FACES_IN_SLICE = _FACES & (np.arange(3) == 1)[:, None, None]


def remove_islands(
    labels: npt.NDArray[np.uint8], value: int, smaller_than_ml: float, voxel_ml: float
) -> npt.NDArray[np.uint8]:
    """Erase the connected islands of a class that are too small.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxels touch by their faces, edges or corners.
    value : int
        The class; the others stay, and do not connect its islands.
    smaller_than_ml : float
        Islands below this volume go.
    voxel_ml : float
        Volume of one voxel, in millilitres.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.
    """
    from scipy import ndimage

    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    islands, count = ndimage.label(labels[box] == value, structure=_TOUCHING)
    sizes: npt.NDArray[Any] = np.bincount(islands.ravel(), minlength=count + 1)
    goes = sizes * voxel_ml < smaller_than_ml
    goes[0] = False
    result[box][goes[islands]] = 0
    return result


def fill_holes(
    labels: npt.NDArray[np.uint8],
    value: int,
    smaller_than_ml: float,
    voxel_ml: float,
    *,
    in_each_slice: bool = True,
) -> npt.NDArray[np.uint8]:
    """Paint the background that a class encloses.

    A hole that reaches the border of the volume is open, and stays.  Other
    classes in a hole stay too, and do not count towards its volume.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class that encloses and is painted.
    smaller_than_ml : float
        Holes below this volume are filled.
    voxel_ml : float
        Volume of one voxel, in millilitres.
    in_each_slice : bool
        Whether a hole need be enclosed within its slice only.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.
    """
    from scipy import ndimage

    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    region = labels[box]
    structure = _FACES_IN_SLICE if in_each_slice else _FACES
    pockets, count = ndimage.label(region != value, structure=structure)
    free = region == 0
    sizes: npt.NDArray[Any] = np.bincount(pockets[free], minlength=count + 1)
    fills = sizes * voxel_ml < smaller_than_ml
    # Nothing of the class lies beyond its box, so a pocket at its side is open.
    fills[_at_the_sides(pockets, in_each_slice)] = False
    fills[0] = False
    result[box][fills[pockets] & free] = value
    return result


def _at_the_sides(
    pockets: npt.NDArray[Any], in_each_slice: bool
) -> npt.NDArray[np.intp]:
    sides = [pockets[:, [0, -1], :], pockets[:, :, [0, -1]]]
    if not in_each_slice:
        sides.append(pockets[[0, -1]])
    return np.unique(np.concatenate([side.ravel() for side in sides]))
