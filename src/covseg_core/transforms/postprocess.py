"""From probabilities to a mask, and the islands out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

__all__ = ["classes_of", "drop_islands"]

COUNTED_SHARE = 0.01
"""What is infected is sure at its core; a shade that gravity draws hardly anywhere."""


def classes_of(
    probabilities: npt.NDArray[np.float32], threshold: float
) -> npt.NDArray[np.uint8]:
    """Choose a class for every pixel.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (..., C, H, W)
        One channel per class, background left out.
    threshold : float
        A pixel is infected where the probabilities of all classes together
        exceed this.

    Returns
    -------
    ndarray of uint8, shape (..., H, W)
        0, or 1 + the channel that is most likely.
    """
    infected = probabilities.sum(axis=-3) > threshold
    best = probabilities.argmax(axis=-3).astype(np.uint8)
    return np.where(infected, best + 1, 0).astype(np.uint8)


def drop_islands(
    labels: npt.NDArray[np.uint8],
    smallest_ml: float,
    voxel_ml: float,
    counted: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.uint8]:
    """Remove connected islands, of all classes together, that are too small.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxels touch by their faces, edges or corners.
    smallest_ml : float
        Islands below this volume go.
    voxel_ml : float
        Volume of one voxel.
    counted : ndarray of bool, shape (Z, Y, X), optional
        Only these voxels count towards the volume of an island, which goes as well if
        they are less than `COUNTED_SHARE` of it.
    """
    islands, count = ndimage.label(labels > 0, structure=np.ones((3, 3, 3)))
    if count == 0:
        return labels.copy()
    sizes: npt.NDArray[Any] = np.bincount(islands.ravel())
    core = (
        sizes if counted is None else np.bincount(islands[counted], minlength=count + 1)
    )
    keep = (core * voxel_ml >= smallest_ml) & (core >= COUNTED_SHARE * sizes)
    keep[0] = False
    return np.where(keep[islands], labels, 0).astype(np.uint8)
