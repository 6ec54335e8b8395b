"""Scan the same patient with thicker or thinner slices, or on another matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from covseg_core.errors import GeometryError
from covseg_core.volume import CTVolume, Grid, LabelVolume

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["resampled", "with_matrix", "with_slices"]

_Volume = TypeVar("_Volume", bound=CTVolume | LabelVolume)
_HALF = np.float32(0.5 - 1e-5)
"""Half a voxel, in the arithmetic of float32."""
_Weights = tuple["npt.NDArray[np.float32]", ...]


def resampled(volume: _Volume, spacing_mm_zyx: tuple[float, float, float]) -> _Volume:
    """Cut the same space into voxels of another size.

    A larger voxel is the mean of what it covers, as a thick slice is.  Smaller pixels
    are interpolated linearly; a thinner slice shows what the thick one at its place
    showed, as a mean of two would paint a ghost of the diaphragm.

    Parameters
    ----------
    volume : CTVolume or LabelVolume
        In any orientation.
    spacing_mm_zyx : tuple of float
        Along each array axis, above 0.

    Returns
    -------
    CTVolume or LabelVolume
        The kind that was given, around the same centre.  A voxel of a mask is labelled
        where labels fill half of it, by the label that fills most.

    Raises
    ------
    GeometryError
        If a spacing is not above 0.
    """
    if not min(spacing_mm_zyx) > 0:
        raise GeometryError(f"spacings must be above 0 mm, got {spacing_mm_zyx}.")
    grid = _grid_of(volume.grid, spacing_mm_zyx)
    mixing = _Mixing.between(volume.grid, grid)
    if isinstance(volume, LabelVolume):
        return replace(volume, labels=_most(volume.labels, mixing), grid=grid)
    padding = None
    if volume.padding is not None:
        padding = _most(volume.padding.astype(np.uint8), mixing) > 0
    planes = [mixing.plane(volume.hu, z) for z in range(grid.shape[0])]
    return replace(volume, hu=np.stack(planes), grid=grid, padding=padding)


def with_matrix(volume: _Volume, columns: int) -> _Volume:
    """Cut the same field of view into another number of columns, and rows to match.

    Parameters
    ----------
    volume : CTVolume or LabelVolume
        With slices along its first array axis.
    columns : int
        Such as 256 or 768.
    """
    z_mm, y_mm, x_mm = volume.grid.spacing_mm_zyx
    factor = volume.grid.shape[2] / columns
    return resampled(volume, (z_mm, y_mm * factor, x_mm * factor))


def with_slices(volume: _Volume, thickness_mm: float) -> _Volume:
    """Cut the same space into slices of another thickness.

    Parameters
    ----------
    volume : CTVolume or LabelVolume
        With slices along its first array axis.
    thickness_mm : float
        Of each slice, which lie without a gap.
    """
    _, y_mm, x_mm = volume.grid.spacing_mm_zyx
    return resampled(volume, (thickness_mm, y_mm, x_mm))


@dataclass(frozen=True, eq=False)
class _Mixing:
    """What each new plane, row and column takes of the old ones.

    Parameters
    ----------
    weights : tuple of ndarray of float32, each of shape (new, old)
        For the axes z, y, x; rows add up to 1.
    """

    weights: _Weights

    @classmethod
    def between(cls, old: Grid, new: Grid) -> _Mixing:
        ratios = np.divide(new.spacing_mm_zyx, old.spacing_mm_zyx)
        across = 2 - int(np.abs(old.direction_lps[2]).argmax())
        smooth = [axis != across for axis in range(3)]
        axes = zip(new.shape, old.shape, ratios, smooth, strict=True)
        return cls(tuple(_weights(*axis) for axis in axes))

    def plane(self, array: npt.NDArray[Any], z: int) -> npt.NDArray[np.float32]:
        """Compute one new slice, so that memory holds no volume between the two."""
        share = self.weights[0][z]
        taken = np.flatnonzero(share)
        mixed = np.tensordot(share[taken], array[taken].astype(np.float32), 1)
        return np.asarray(self.weights[1] @ mixed @ self.weights[2].T)


def _weights(new: int, old: int, ratio: float, smooth: bool) -> npt.NDArray[np.float32]:
    middle = (old - 1) / 2 + (np.arange(new) - (new - 1) / 2) * ratio
    middle, index = np.clip(middle, 0, old - 1)[:, None], np.arange(old)
    if ratio >= 1:
        high = np.minimum(middle + ratio / 2, index + 0.5)
        low = np.maximum(middle - ratio / 2, index - 0.5)
        share = np.clip(high - low, 0, 1)
    elif smooth:
        share = np.clip(1 - np.abs(middle - index), 0, 1)
    else:
        share = (index == np.rint(middle)).astype(float)
    return (share / share.sum(axis=1, keepdims=True)).astype(np.float32)


def _most(labels: npt.NDArray[np.uint8], mixing: _Mixing) -> npt.NDArray[np.uint8]:
    values = [value for value in np.unique(labels) if value]
    planes = [
        _most_of(labels, values, mixing, z) for z in range(len(mixing.weights[0]))
    ]
    return np.stack(planes)


def _most_of(
    labels: npt.NDArray[np.uint8], values: list[np.uint8], mixing: _Mixing, z: int
) -> npt.NDArray[np.uint8]:
    filled = mixing.plane(labels > 0, z)
    best, winner = np.zeros_like(filled), np.zeros(filled.shape, np.uint8)
    for value in values:
        share = mixing.plane(labels == value, z)
        winner[share > best] = value
        np.maximum(best, share, out=best)
    return np.where(filled >= _HALF, winner, np.uint8(0))


def _grid_of(grid: Grid, spacing_mm_zyx: tuple[float, float, float]) -> Grid:
    """Lay voxels of a size over a grid, around the same centre."""
    wanted = np.array(spacing_mm_zyx, float)
    ratios = wanted / grid.spacing_mm_zyx
    z, y, x = np.maximum(np.rint(np.array(grid.shape) / ratios), 1).astype(int)
    affine = grid.affine_lps.copy()
    affine[:3, :3] *= ratios[::-1]
    centre = grid.world_mm((np.array(grid.shape) - 1) / 2)
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array([x, y, z]) - 1) / 2)
    return Grid((int(z), int(y), int(x)), affine)
