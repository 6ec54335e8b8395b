"""Cut each lung by height and depth in the patient, and count the voxels of parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import Lung

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import Grid

__all__ = ["count_parts"]

_SHAPE = 2, 3, 2, 2, 2
_Y, _Z = 1, 2
_ROUNDING_MM = 1e-6


def count_parts(
    sides: npt.NDArray[np.uint8],
    rim: npt.NDArray[np.bool_],
    infected: npt.NDArray[np.bool_],
    grid: Grid,
) -> npt.NDArray[np.int64]:
    """Count the voxels of every part of the lungs.

    Each lung is cut into thirds of its height and halves of its depth, by where the
    centres of voxels lie in the world: in any orientation, oblique ones too.

    Parameters
    ----------
    sides : ndarray of uint8, shape (Z, Y, X)
        `Lung` values.
    rim, infected : ndarray of bool, shape (Z, Y, X)
        What lies near the surface, and what is infected.
    grid : Grid
        Of the arrays.

    Returns
    -------
    ndarray of int64, shape (2, 3, 2, 2, 2)
        Right and left; lower, middle and upper third; anterior and posterior half
        (with the middle itself); centre and rim; healthy and infected.
    """
    counts = np.zeros(np.prod(_SHAPE), np.int64)
    for number, side in enumerate((Lung.RIGHT, Lung.LEFT)):
        lung = sides == side
        slices = np.flatnonzero(lung.any(axis=(1, 2))).tolist()
        thirds = _cuts(lung, slices, grid, _Z, 3)
        halves = _cuts(lung, slices, grid, _Y, 2)
        # Slice by slice, as whole scans at once would hold up other threads.
        for z in slices:
            here = lung[z]
            height = _part_of(_along(grid, _Z, z)[here], thirds)
            face = _part_of(_along(grid, _Y, z)[here], halves)
            part = (np.full_like(face, number), height, face, rim[z][here] + 0)
            code = np.ravel_multi_index((*part, infected[z][here] + 0), _SHAPE)
            counts += np.bincount(code, minlength=counts.size)
    return counts.reshape(_SHAPE)


def _part_of(
    places: npt.NDArray[np.float64], cuts: npt.NDArray[np.float64]
) -> npt.NDArray[np.intp]:
    """Find the part of each place; what lies on a cut belongs beyond it."""
    return cuts.searchsorted(places + _ROUNDING_MM, "right")


def _along(grid: Grid, axis: int, z: int) -> npt.NDArray[np.float64]:
    """Give the world coordinate of a slice's voxels, (Y, X), in mm."""
    per_x, per_y, per_z, origin = grid.affine_lps[axis]
    _, rows, columns = grid.shape
    down = per_y * np.arange(rows) + per_z * z + origin
    return np.asarray(down[:, None] + per_x * np.arange(columns))


def _cuts(
    lung: npt.NDArray[np.bool_],
    slices: list[int],
    grid: Grid,
    axis: int,
    parts: int,
) -> npt.NDArray[np.float64]:
    """Find where to cut the extent of a lung, voxels and all, into equal parts."""
    if not slices:
        return np.zeros(parts - 1)
    places = (_along(grid, axis, z)[lung[z]] for z in slices)
    ends = np.array([(place.min(), place.max()) for place in places])
    half_voxel = np.abs(grid.affine_lps[axis, :3]).sum() / 2
    low, high = ends[:, 0].min() - half_voxel, ends[:, 1].max() + half_voxel
    return np.linspace(low, high, parts + 1)[1:-1]
