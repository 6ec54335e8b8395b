"""Turn an array or a mask into the voxel order of another grid of the same voxels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from covseg_core.errors import GeometryError
from covseg_core.volume import Grid, LabelVolume, words_on_gap

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["in_order_of", "turned_onto"]

_Mask = TypeVar("_Mask", bound=LabelVolume)

NOTED_MM = 0.1
"""A larger gap between voxels that count as the same is told."""


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
        If the grids are not of the same voxels; see `Grid.matches`.
    """
    return _turned(wanted, array, grid)[0]


def turned_onto(mask: _Mask, grid: Grid) -> _Mask:
    """Give a mask in the voxel order of `grid`; raises as `in_order_of` does.

    A note tells of voxels that did not lie quite where those of `grid` do.
    """
    labels, there = _turned(grid, mask.labels, mask.grid)
    source, apart_mm = mask.source, there.apart_mm(grid)
    if apart_mm > NOTED_MM:
        note = f"voxels of the mask lie up to {apart_mm:.2f} mm from those of the scan"
        source = replace(source, notes=(*source.notes, note))
    labels = np.ascontiguousarray(labels)
    return replace(mask, labels=labels, grid=grid, source=source)


def _turned(
    wanted: Grid, array: npt.NDArray[Any], grid: Grid
) -> tuple[npt.NDArray[Any], Grid]:
    """Turn an array, and the grid that it lies on."""
    # Column j: how far one step along axis j of `wanted` leads on `grid`.
    steps = np.linalg.solve(grid.affine_lps[:3, :3], wanted.affine_lps[:3, :3])
    whole = np.rint(steps)
    if not (np.abs(whole).sum(axis=0) == 1).all() or abs(np.linalg.det(whole)) != 1:
        raise _other_voxels(wanted, grid)
    # An affine counts axes as x, y, z, an array as z, y, x.
    order = np.abs(whole[::-1, ::-1]).argmax(axis=0)
    signs = whole[::-1, ::-1].sum(axis=0).astype(int)
    turned = array.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    turn = np.eye(4)
    turn[:3, :3] = whole
    turn[:3, 3] = np.where(whole.sum(axis=1) < 0, np.array(grid.shape[::-1]) - 1, 0)
    z, y, x = turned.shape
    there = Grid((z, y, x), grid.affine_lps @ turn)
    if not there.matches(wanted):
        raise _other_voxels(wanted, there)
    return turned, there


def _other_voxels(wanted: Grid, grid: Grid) -> GeometryError:
    return GeometryError(
        f"the mask {grid} does not lie on the voxels of the scan {wanted}"
        f"{words_on_gap(grid, wanted)}. Use the mask that was drawn on this scan."
    )
