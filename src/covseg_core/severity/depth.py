"""Which part of a lung lies near its surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    _Box: TypeAlias = tuple[slice, slice, slice]
    _Steps: TypeAlias = tuple[int, int, int]

__all__ = ["near_surface"]

_FINEST_MM = 1.5
"""Distances of centimetres need no finer voxels: finer ones are thinned out."""


def near_surface(
    lung: npt.NDArray[np.bool_],
    spacing_mm_zyx: tuple[float, float, float],
    within_mm: float,
) -> npt.NDArray[np.bool_]:
    """Tell which voxels of a lung lie within a distance of its surface.

    The surface is all of it: towards the chest wall, the diaphragm and the
    mediastinum.  Holes within a slice, such as vessels and airways that a lung mask
    leaves out, are no surface, nor is the edge of the scan.

    Parameters
    ----------
    lung : ndarray of bool, shape (Z, Y, X)
        One lung; slices are axial.
    spacing_mm_zyx : tuple of float
        Axes at right angles.
    within_mm : float
        Distance from the centre of a voxel to that of the nearest one outside.

    Returns
    -------
    ndarray of bool, shape (Z, Y, X)
        False outside the lung.  Distances are exact to 1.5 mm, or to a voxel if that
        is larger.
    """
    near = np.zeros(lung.shape, bool)
    if not lung.any():
        return near
    steps = _steps(spacing_mm_zyx)
    box = _box_with_margin(lung, steps)
    thin = _without_holes(lung[box][tuple(slice(None, None, step) for step in steps)])
    thick = _within(thin, spacing_mm_zyx, steps, within_mm)
    for axis, step in enumerate(steps):
        thick = thick.repeat(step, axis=axis)
    inside = lung[box]
    near[box] = inside & thick[tuple(slice(size) for size in inside.shape)]
    return near


def _within(
    lung: npt.NDArray[np.bool_],
    spacing_mm_zyx: tuple[float, float, float],
    steps: _Steps,
    within_mm: float,
) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    if lung.all():
        return np.zeros(lung.shape, bool)
    sampling = np.multiply(spacing_mm_zyx, steps)
    return np.asarray(ndimage.distance_transform_edt(lung, sampling) <= within_mm)


def _steps(spacing_mm_zyx: tuple[float, float, float]) -> _Steps:
    z, y, x = (max(1, int(_FINEST_MM / step)) for step in spacing_mm_zyx)
    return z, y, x


def _box_with_margin(lung: npt.NDArray[np.bool_], steps: _Steps) -> _Box:
    """Find the box around a lung and, where there is any, of what is outside."""
    ranges = []
    for axis, step in enumerate(steps):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(lung.any(axis=others))
        start = max(int(found[0]) - 2 * step, 0)
        ranges.append(slice(start, int(found[-1]) + 1 + 2 * step))
    return ranges[0], ranges[1], ranges[2]


def _without_holes(lung: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    return np.stack([ndimage.binary_fill_holes(plane) for plane in lung])
