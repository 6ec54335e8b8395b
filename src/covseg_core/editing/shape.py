"""Smooth the outline of a class, or move it outwards or inwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.editing.box import class_box, margin_voxels, widened

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["grow", "shrink", "smooth"]

_RADIUS_OF_SIGMA = 1.54
"""A ball this many sigmas wide is half left in its centre after a Gaussian."""
_REACH_OF_SIGMA = 3.0

_Spacing = tuple[float, float, float]


def smooth(
    labels: npt.NDArray[np.uint8],
    value: int,
    radius_mm: float,
    spacing_mm_zyx: _Spacing,
) -> npt.NDArray[np.uint8]:
    """Even out what is smaller than a radius.

    The mask is blurred by a Gaussian and cut at one half, so that straight
    borders stay where they are.  Where the class meets another one, their border
    stays.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class; the others keep every voxel.
    radius_mm : float
        Balls of a smaller radius vanish.
    spacing_mm_zyx : tuple of float
        Distance of voxel centres along each axis, in mm.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.
    """
    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    sigma_mm = radius_mm / _RADIUS_OF_SIGMA
    margin = margin_voxels(_REACH_OF_SIGMA * sigma_mm, spacing_mm_zyx)
    box = widened(box, margin, labels.shape)
    region = labels[box]
    own = region == value
    own_share = _blurred(own, sigma_mm, spacing_mm_zyx)
    others = (region != 0) & ~own
    share = own_share
    if others.any():
        share = own_share + _blurred(others, sigma_mm, spacing_mm_zyx)
    result[box][own & (share <= 0.5)] = 0
    won = (region == 0) & (share > 0.5) & (2 * own_share > share)
    result[box][won] = value
    return result


def grow(
    labels: npt.NDArray[np.uint8], value: int, by_mm: float, spacing_mm_zyx: _Spacing
) -> npt.NDArray[np.uint8]:
    """Paint the background that is near to a class.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class; it grows over background only.
    by_mm : float
        Distance of voxel centres up to which, in mm.
    spacing_mm_zyx : tuple of float
        Distance of voxel centres along each axis, in mm.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.
    """
    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    box = widened(box, margin_voxels(by_mm, spacing_mm_zyx), labels.shape)
    region = labels[box]
    near = _near(region == value, by_mm, spacing_mm_zyx)
    result[box][near & (region == 0)] = value
    return result


def shrink(
    labels: npt.NDArray[np.uint8], value: int, by_mm: float, spacing_mm_zyx: _Spacing
) -> npt.NDArray[np.uint8]:
    """Erase of a class what is near to background.

    Where the class meets another one or the end of the scan, its border stays.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class; the others stay.
    by_mm : float
        Distance of voxel centres up to which, in mm.
    spacing_mm_zyx : tuple of float
        Distance of voxel centres along each axis, in mm.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.
    """
    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    box = widened(box, margin_voxels(by_mm, spacing_mm_zyx), labels.shape)
    region = labels[box]
    near = _near(region == 0, by_mm, spacing_mm_zyx)
    result[box][near & (region == value)] = 0
    return result


def _near(
    mask: npt.NDArray[np.bool_], by_mm: float, spacing_mm_zyx: _Spacing
) -> npt.NDArray[np.bool_]:
    """Find what is at most `by_mm` from a mask, the mask itself too."""
    # A multiple of the spacing must not fail by a rounding error.
    reach_mm = by_mm * (1 + 1e-6)
    slice_mm, row_mm, column_mm = spacing_mm_zyx
    # A distance transform does not know that only the nearest few mm matter.
    squared = np.where(mask, np.float32(0), np.float32(np.inf))
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        _spread(squared[number].T, column_mm, reach_mm)
        _spread(squared[number], row_mm, reach_mm)
    for row in range(squared.shape[1]):
        _spread(squared[:, row], slice_mm, reach_mm)
    return squared <= np.float32(reach_mm**2)


def _spread(squared: npt.NDArray[np.float32], step_mm: float, reach_mm: float) -> None:
    """Lower squared distances, in place, by what neighbours along the first axis say.

    Exact for distances up to `reach_mm`.
    """
    before = squared.copy()
    for voxels in range(1, min(int(reach_mm / step_mm), len(squared) - 1) + 1):
        further = before + np.float32((voxels * step_mm) ** 2)
        np.minimum(squared[voxels:], further[:-voxels], out=squared[voxels:])
        np.minimum(squared[:-voxels], further[voxels:], out=squared[:-voxels])


def _blurred(
    mask: npt.NDArray[np.bool_], sigma_mm: float, spacing_mm_zyx: _Spacing
) -> npt.NDArray[np.float32]:
    from scipy import ndimage

    sigma = [sigma_mm / step for step in spacing_mm_zyx]
    # At the end of the scan a mask goes on as it is there.
    return np.asarray(
        ndimage.gaussian_filter(
            mask.astype(np.float32), sigma, mode="nearest", truncate=_REACH_OF_SIGMA
        )
    )
