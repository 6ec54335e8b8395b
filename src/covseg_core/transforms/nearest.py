"""Give voxels the label of the nearest labelled voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["fill_nearest"]


def fill_nearest(
    labels: npt.NDArray[np.uint8],
    where: npt.NDArray[np.bool_],
    spacing_mm_zyx: tuple[float, float, float],
) -> npt.NDArray[np.uint8]:
    """Label the unlabelled voxels of a region by their nearest label.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        0 is unlabelled; not all of them.
    where : ndarray of bool, shape (Z, Y, X)
        The voxels that need a label.
    spacing_mm_zyx : tuple of float
        For distances in mm.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A copy.
    """
    from scipy.spatial import KDTree

    filled = labels.copy()
    wanted = where & (labels == 0)
    if not wanted.any():
        return filled
    missing = _places(wanted)
    border = _places(_border(labels > 0))
    _, nearest = KDTree(border * spacing_mm_zyx).query(missing * spacing_mm_zyx)
    filled[tuple(missing.T)] = labels[tuple(border[nearest].T)]
    return filled


def _places(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """List the voxels of a mask, slice by slice so as not to hold up other threads."""
    planes = [np.argwhere(plane) for plane in mask]
    slices = np.repeat(np.arange(len(mask)), [len(plane) for plane in planes])
    return np.column_stack((slices, np.concatenate(planes)))


def _border(labelled: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep what touches something unlabelled: only that can be nearest to it."""
    inner = labelled.copy()
    for axis in range(labelled.ndim):
        ahead = np.moveaxis(labelled, axis, 0)
        kept = np.moveaxis(inner, axis, 0)
        kept[1:] &= ahead[:-1]
        kept[:-1] &= ahead[1:]
    return labelled & ~inner
