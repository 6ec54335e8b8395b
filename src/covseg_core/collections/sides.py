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


def _split(mask: LabelVolume) -> npt.NDArray[np.int64]:
    islands, count = ndimage.label(mask.labels > 0)
    is_right = _is_right_of_middle(mask.grid)
    sizes = np.bincount(islands.ravel(), minlength=count + 1)
    on_right = np.bincount(islands[is_right], minlength=count + 1)
    share = on_right / np.maximum(sizes, 1)
    is_joined = (share > JOINED) & (share < 1 - JOINED)
    goes_right = np.where(is_joined[islands], is_right, (share >= 0.5)[islands])
    sides = np.where(goes_right, Lung.RIGHT, Lung.LEFT)
    return np.where(islands > 0, sides, Lung.BACKGROUND)


def _is_right_of_middle(grid: Grid) -> npt.NDArray[np.bool_]:
    """Whether each voxel lies to the patient's right of the grid's middle."""
    step_x, step_y, step_z = grid.affine_lps[0, :3].astype(np.float32)
    z, y, x = np.ogrid[tuple(slice(n) for n in grid.shape)]
    middle = (np.array(grid.shape) - 1) / 2
    beyond_mm = (
        step_z * (z - middle[0]) + step_y * (y - middle[1]) + step_x * (x - middle[2])
    )
    return np.asarray(beyond_mm < 0)


def _x_mm(mask: LabelVolume, part: npt.NDArray[np.bool_]) -> float:
    """Mean place from right to left, growing to the patient's left, in mm."""
    return float(mask.grid.world_mm(ndimage.center_of_mass(part))[0])
