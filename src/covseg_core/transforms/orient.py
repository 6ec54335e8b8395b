"""Turn a scan into the standard orientation, and results back.

Standard means: slices from foot to head, rows from front to back, columns from
the patient's right to left.  An oblique scan is turned by the nearest axes
only; its voxels stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from covseg_core.volume import CTVolume, Grid, LabelVolume

__all__ = ["Orientation", "standardise_ct", "standardise_mask"]

_Mask = TypeVar("_Mask", bound=LabelVolume)
# LPS wants x to the left, y to the back, z to the head: all plus signs.
_STANDARD = np.array([[0, 1], [1, 1], [2, 1]])


@dataclass(frozen=True, eq=False)
class Orientation:
    """How one grid is turned into the standard orientation.

    Parameters
    ----------
    grid : Grid
        The grid as it was read.
    """

    grid: Grid

    @cached_property
    def _turn(self) -> npt.NDArray[np.float64]:
        from nibabel.orientations import io_orientation, ornt_transform

        axes = io_orientation(self.grid.affine_lps)
        return np.asarray(ornt_transform(axes, _STANDARD))

    @property
    def standard_grid(self) -> Grid:
        """The same voxels, turned."""
        from nibabel.orientations import inv_ornt_aff

        shape_xyz = self.grid.shape[::-1]
        affine = self.grid.affine_lps @ inv_ornt_aff(self._turn, shape_xyz)
        z, y, x = self.apply(np.broadcast_to(np.uint8(0), self.grid.shape)).shape
        return Grid((z, y, x), affine)

    def apply(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn an array (Z, Y, X) of the grid into the standard orientation."""
        return _reorient(array, self._turn)

    def undo(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn an array of the standard grid back onto the grid as it was read."""
        return _reorient(array, _inverse(self._turn))


def standardise_ct(ct: CTVolume) -> CTVolume:
    """Turn a scan into the standard orientation; arrays may be views."""
    turn = Orientation(ct.grid)
    padding = None if ct.padding is None else turn.apply(ct.padding)
    return replace(ct, hu=turn.apply(ct.hu), grid=turn.standard_grid, padding=padding)


def standardise_mask(mask: _Mask) -> _Mask:
    """Turn a mask into the standard orientation; its array may be a view."""
    turn = Orientation(mask.grid)
    return replace(mask, labels=turn.apply(mask.labels), grid=turn.standard_grid)


def _reorient(
    array: npt.NDArray[Any], turn: npt.NDArray[np.float64]
) -> npt.NDArray[Any]:
    from nibabel.orientations import apply_orientation

    return np.asarray(apply_orientation(array.T, turn)).T


def _inverse(turn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inverse = np.empty_like(turn)
    for axis, (target, flip) in enumerate(turn):
        inverse[int(target)] = axis, flip
    return inverse
