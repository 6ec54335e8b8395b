"""Change the class of one connected lesion, or erase it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.editing.box import class_box
from covseg_core.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["relabel_region"]


def relabel_region(
    labels: npt.NDArray[np.uint8],
    voxel_zyx: tuple[int, int, int],
    value: int,
    *,
    in_slice: bool = False,
) -> npt.NDArray[np.uint8]:
    """Give the lesion at a voxel another class.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxels of one class touch by their faces, edges or corners.
    voxel_zyx : tuple of int
        Slice, row and column of a voxel of the lesion.
    value : int
        The new class; 0 erases.
    in_slice : bool
        Whether only the part in the slice of the voxel changes.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.

    Raises
    ------
    UsageError
        If the voxel is outside of the volume or background.
    """
    from scipy import ndimage

    old = _class_at(labels, voxel_zyx)
    result = labels.copy()
    first = voxel_zyx[0] if in_slice else 0
    part = slice(first, first + 1) if in_slice else slice(None)
    box = class_box(labels[part], old)
    if box is None or old == value:
        return result
    pieces, _ = ndimage.label(labels[part][box] == old, structure=np.ones((3, 3, 3)))
    inside = tuple(
        index - start - side.start
        for index, start, side in zip(voxel_zyx, (first, 0, 0), box, strict=True)
    )
    result[part][box][pieces == pieces[inside]] = value
    return result


def _class_at(labels: npt.NDArray[np.uint8], voxel_zyx: tuple[int, int, int]) -> int:
    inside = all(
        0 <= index < size for index, size in zip(voxel_zyx, labels.shape, strict=True)
    )
    found = int(labels[voxel_zyx]) if inside else 0
    if not found:
        z, y, x = voxel_zyx
        where = "is not marked" if inside else "is outside of the scan"
        raise UsageError(
            f"slice {z + 1}, row {y + 1}, column {x + 1} {where}; "
            "point at a lesion of the mask."
        )
    return found
