"""Which voxels a tool of the hand may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.editing.change import Box
    from covseg_core.editing.config import PaintLimits

__all__ = ["allowed", "has_run_out"]


def allowed(
    before: npt.NDArray[np.uint8],
    after: npt.NDArray[np.uint8],
    value: int,
    limits: PaintLimits,
    hu: npt.NDArray[np.float32] | None = None,
    lungs: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.bool_]:
    """Judge a stroke voxel by voxel.

    Density and lungs limit painting only: what is wrongly there can always be
    erased.

    Parameters
    ----------
    before, after : ndarray of uint8, any shape
        A part of the mask as it was and as the stroke left it; 0 is erased.
    value : int
        The chosen class.
    limits : PaintLimits
        What the reader chose.
    hu : ndarray of float32, optional
        The same part of the CT; without it density limits nothing.
    lungs : ndarray of uint8, optional
        The same part of the lung mask, 0 outside; without it lungs limit nothing.

    Returns
    -------
    ndarray of bool, same shape
        Whether each voxel may become what the stroke made of it.
    """
    erased = after == 0
    may = np.ones(before.shape, bool)
    if limits.only_at_density and hu is not None:
        may &= erased | ((hu >= limits.lowest_density) & (hu <= limits.highest_density))
    if limits.only_in_lungs and lungs is not None:
        may &= erased | (lungs != 0)
    if limits.protect_other_classes:
        may &= (before == value) | ((before == 0) & ~erased)
    return may


def has_run_out(
    changed: npt.NDArray[np.bool_], box: Box, shape: tuple[int, ...]
) -> bool:
    """Whether a fill reached all four sides of the picture, so it was not enclosed.

    Parameters
    ----------
    changed : ndarray of bool, shape (z, y, x)
        What the fill changed within `box`.
    box : Box
        A part of the mask.
    shape : tuple of int
        Of the whole mask, (Z, Y, X).
    """
    _, rows, columns = box
    spans = (rows.start, rows.stop) == (0, shape[1]) and (
        (columns.start, columns.stop) == (0, shape[2])
    )
    sides = (changed[:, 0], changed[:, -1], changed[:, :, 0], changed[:, :, -1])
    return spans and all(bool(side.any()) for side in sides)
