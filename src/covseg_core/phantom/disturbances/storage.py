"""Store a volume in another order of its voxels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from covseg_core.volume import CTVolume, Grid, LabelVolume

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Flips", "Order", "stored_otherwise"]

_Volume = TypeVar("_Volume", bound=CTVolume | LabelVolume)
Order: TypeAlias = tuple[int, int, int]
Flips: TypeAlias = tuple[bool, bool, bool]


def stored_otherwise(volume: _Volume, order: Order, flips: Flips) -> _Volume:
    """Store a scan or a mask in another order, each voxel at its place in the world.

    Parameters
    ----------
    volume : CTVolume or LabelVolume
        In any orientation.
    order : tuple of int
        Array axis i becomes the old axis ``order[i]``; a permutation of 0, 1, 2.
    flips : tuple of bool
        Array axis i runs backwards where ``flips[i]``, counted after `order`.

    Returns
    -------
    CTVolume or LabelVolume
        The kind that was given; its affine follows the voxels.
    """
    grid = _turned_grid(volume.grid, order, flips)
    if isinstance(volume, LabelVolume):
        return replace(volume, labels=_turned(volume.labels, order, flips), grid=grid)
    padding = volume.padding
    return replace(
        volume,
        hu=_turned(volume.hu, order, flips),
        padding=None if padding is None else _turned(padding, order, flips),
        grid=grid,
    )


def _turned(array: npt.NDArray[Any], order: Order, flips: Flips) -> npt.NDArray[Any]:
    backwards = tuple(axis for axis, flip in enumerate(flips) if flip)
    return np.ascontiguousarray(np.flip(array.transpose(order), backwards))


def _turned_grid(grid: Grid, order: Order, flips: Flips) -> Grid:
    z, y, x = (grid.shape[axis] for axis in order)
    old_from_new = np.zeros((4, 4))
    old_from_new[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        # Affines count axes as x, y, z, arrays as z, y, x.
        old_from_new[2 - old, 2 - new] = -1 if flip else 1
        old_from_new[2 - old, 3] = grid.shape[old] - 1 if flip else 0
    return Grid((z, y, x), grid.affine_lps @ old_from_new)
