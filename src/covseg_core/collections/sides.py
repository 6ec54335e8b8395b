"""Tell the right lung from the left one by where they lie, whatever a file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from covseg_core.labels import Lung
from covseg_core.volume import LungMask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import Grid, LabelVolume

__all__ = ["sided_lungs"]

JOINED = 0.2
"""Share of an island beyond the middle from which on it is both lungs."""


def sided_lungs(mask: LabelVolume) -> LungMask:
    """Decide which voxels are which lung's, from the world and not from the values.

    Of two values, the one that lies further to the patient's right is the right
    lung.  One value alone is split by its islands: each belongs to the side of the
    grid's middle that most of it lies on, and one that joins both lungs is cut there.

    Parameters
    ----------
    mask : LabelVolume
        Lungs of one or two values, 0 elsewhere.
    """
    values = [value for value in np.unique(mask.labels).tolist() if value]
    if len(values) == 2:
        parts = mask.labels == values[0], mask.labels == values[1]
        right, left = sorted(parts, key=lambda part: _x_mm(mask, part))
        labels = np.where(right, Lung.RIGHT, np.where(left, Lung.LEFT, 0))
    else:
        labels = _split(mask)
    return LungMask(labels.astype(np.uint8), mask.grid, source=mask.source)


def _split(mask: LabelVolume) -> npt.NDArray[np.uint8]:
    islands, count = ndimage.label(mask.labels > 0)
    sizes, on_right = np.zeros((2, count + 1), np.int64)
    # Slice by slice, as whole scans of other types would take gigabytes.
    for z, plane in enumerate(islands):
        is_right = _is_right_of_middle(mask.grid, z)
        sizes += np.bincount(plane.ravel(), minlength=count + 1)
        on_right += np.bincount(plane[is_right], minlength=count + 1)
    share = on_right / np.maximum(sizes, 1)
    is_joined = (share > JOINED) & (share < 1 - JOINED)
    sides = np.zeros(islands.shape, np.uint8)
    for z, plane in enumerate(islands):
        is_right = _is_right_of_middle(mask.grid, z)
        goes_right = np.where(is_joined[plane], is_right, (share >= 0.5)[plane])
        side = np.where(goes_right, np.uint8(Lung.RIGHT), np.uint8(Lung.LEFT))
        np.copyto(sides[z], side, where=plane > 0)
    return sides


def _is_right_of_middle(grid: Grid, z: int) -> npt.NDArray[np.bool_]:
    """Whether voxels (Y, X) of a slice lie to the patient's right of the middle."""
    step_x, step_y, step_z = grid.affine_lps[0, :3]
    middle = (np.array(grid.shape) - 1) / 2
    rows, columns = np.ogrid[: grid.shape[1], : grid.shape[2]]
    down = step_z * (z - middle[0]) + step_y * (rows - middle[1])
    return np.asarray(down + step_x * (columns - middle[2]) < 0)


def _x_mm(mask: LabelVolume, part: npt.NDArray[np.bool_]) -> float:
    """Mean place from right to left, growing to the patient's left, in mm."""
    return float(mask.grid.world_mm(ndimage.center_of_mass(part))[0])
