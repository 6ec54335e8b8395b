"""Turn an array into the voxel order of another grid of the same voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import GeometryError

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import Grid

__all__ = ["in_order_of"]


def in_order_of(wanted: Grid, array: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    """Give `array` in the voxel order of `wanted`; nothing is resampled.

    Parameters
    ----------
    wanted : Grid
        The order that is needed.
    array : ndarray, shape (Z, Y, X)
        On `grid`.
    grid : Grid
        The same voxels in any order.

    Returns
    -------
    ndarray
        A view of `array`.

    Raises
    ------
    GeometryError
        If the grids are not of the same voxels within 0.001 mm.
    """
    # Column j: how far one step along axis j of `wanted` leads on `grid`.
    steps = np.linalg.solve(grid.affine_lps[:3, :3], wanted.affine_lps[:3, :3])
    whole = np.rint(steps)
    if not (np.abs(whole).sum(axis=0) == 1).all() or abs(np.linalg.det(whole)) != 1:
        raise _other_voxels(wanted, grid)
    # An affine counts axes as x, y, z, an array as z, y, x.
    whole = whole[::-1, ::-1]
    order = np.abs(whole).argmax(axis=0)
    signs = whole.sum(axis=0).astype(int)
    turned = array.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    if turned.shape != wanted.shape or not _same_corners(wanted, grid, order, signs):
        raise _other_voxels(wanted, grid)
    return turned


def _same_corners(
    wanted: Grid, grid: Grid, order: npt.NDArray[np.intp], signs: npt.NDArray[np.int_]
) -> bool:
    """Compare where the first and the last voxel lie."""
    last = np.array(wanted.shape) - 1
    ends = np.zeros((2, 3))
    for axis, (old, sign) in enumerate(zip(order, signs, strict=True)):
        ends[:, old] = (0, last[axis]) if sign > 0 else (last[axis], 0)
    here = wanted.world_mm(np.stack((np.zeros(3), last)))
    return bool(np.abs(grid.world_mm(ends) - here).max() < 1e-3)


def _other_voxels(wanted: Grid, grid: Grid) -> GeometryError:
    return GeometryError(
        f"the mask {grid.shape} does not lie on the voxels of the scan "
        f"{wanted.shape}. Use the mask that was drawn on this scan."
    )
