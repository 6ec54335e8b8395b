"""Widen the field of view of a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from covseg_core.errors import GeometryError
from covseg_core.volume import Grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LabelVolume

    _Mask = TypeVar("_Mask", bound=LabelVolume)

__all__ = ["AIR_HU", "Room", "placed_on", "widened"]

AIR_HU = -1000.0
LOWEST_HU = -1024.0
"""Where the scale of a scanner begins; what is below it is padding."""


@dataclass(frozen=True)
class Room:
    """What a picture must reach to, LPS millimetres.

    Parameters
    ----------
    right_mm, left_mm, front_mm, back_mm : float
        Least x, greatest x, least y, greatest y; no bound if not given.
    """

    right_mm: float = np.inf
    left_mm: float = -np.inf
    front_mm: float = np.inf
    back_mm: float = -np.inf


def widened(ct: CTVolume, room: Room) -> CTVolume:
    """Widen the picture until it holds `room`; what is new is air, and so is padding.

    Parameters
    ----------
    ct : CTVolume
        In HU, upright.
    room : Room
        A picture that holds it already stays as wide as it is.

    Returns
    -------
    CTVolume
        Without padding: a wider reconstruction measures what lay beyond the border.
    """
    _, dy, dx = ct.grid.spacing_mm_zyx
    first, last = _ends(ct.grid)
    rows = _missing(first[1] - room.front_mm, dy), _missing(room.back_mm - last[1], dy)
    columns = (
        _missing(first[0] - room.right_mm, dx),
        _missing(room.left_mm - last[0], dx),
    )
    hu = np.where(ct.hu < LOWEST_HU, np.float32(AIR_HU), ct.hu)
    if ct.padding is not None:
        hu[ct.padding] = AIR_HU
    hu = np.pad(hu, ((0, 0), rows, columns), constant_values=AIR_HU)
    affine = ct.grid.affine_lps.copy()
    affine[:3, 3] = ct.grid.world_mm((0, -rows[0], -columns[0]))
    grid = Grid((hu.shape[0], hu.shape[1], hu.shape[2]), affine)
    return replace(ct, hu=hu, grid=grid, padding=None)


def placed_on(mask: _Mask, grid: Grid) -> _Mask:
    """Lay a mask on a grid that is wider by whole voxels.

    Parameters
    ----------
    mask : LabelVolume
        On the grid before it was widened.
    grid : Grid
        Holds all voxels of the mask's grid.

    Raises
    ------
    GeometryError
        If it does not.
    """
    start = _start_in(grid, mask.grid)
    box = tuple(
        slice(low, low + count)
        for low, count in zip(start, mask.grid.shape, strict=True)
    )
    labels: npt.NDArray[np.uint8] = np.zeros(grid.shape, np.uint8)
    labels[box] = mask.labels
    return replace(mask, labels=labels, grid=grid)


def _start_in(grid: Grid, small: Grid) -> npt.NDArray[np.int_]:
    """Find the voxel of `grid` that voxel (0, 0, 0) of `small` lies on."""
    place = np.linalg.solve(grid.affine_lps, np.append(small.origin_lps_mm, 1))
    start = np.rint(place[2::-1]).astype(int)
    end = start + np.array(small.shape)
    affine = grid.affine_lps.copy()
    affine[:3, 3] = grid.world_mm(start)
    outside = (start < 0).any() or (end > grid.shape).any()
    if outside or not Grid(small.shape, affine).matches(small):
        raise GeometryError(
            f"a mask of {small.shape} voxels does not fit into a grid of {grid.shape} "
            "by whole voxels; resample it first."
        )
    return start


def _ends(grid: Grid) -> npt.NDArray[np.float64]:
    """Places of the first and the last voxel, (2, 3)."""
    return grid.world_mm(np.array([(0, 0, 0), np.array(grid.shape) - 1]))


def _missing(distance_mm: float, step_mm: float) -> int:
    return int(np.ceil(distance_mm / step_mm)) if distance_mm > 0 else 0
