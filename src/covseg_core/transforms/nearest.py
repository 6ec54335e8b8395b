"""Give voxels the label of the nearest labelled voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import ndimage

if TYPE_CHECKING:
    import numpy as np
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
    filled = labels.copy()
    missing = where & (labels == 0)
    if not missing.any():
        return filled
    nearest = ndimage.distance_transform_edt(
        labels == 0,
        sampling=spacing_mm_zyx,
        return_distances=False,
        return_indices=True,
    )
    filled[missing] = labels[tuple(axis[missing] for axis in nearest)]
    return filled
