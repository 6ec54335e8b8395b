"""Give voxels the label of the nearest labelled voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    _Places: TypeAlias = tuple[npt.NDArray[np.intp], ...]

__all__ = ["Nearest", "find_nearest"]


@dataclass(frozen=True, eq=False)
class Nearest:
    """Unlabelled voxels, and the labelled voxel that each is nearest to.

    Parameters
    ----------
    missing, source : tuple of ndarray of int, each of shape (N,)
        Indices z, y, x.
    """

    missing: _Places
    source: _Places

    def fill(self, labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Copy labels, with those of the sources at what was missing."""
        filled = labels.copy()
        filled[self.missing] = labels[self.source]
        return filled


def find_nearest(
    labelled: npt.NDArray[np.bool_],
    where: npt.NDArray[np.bool_],
    spacing_mm_zyx: tuple[float, float, float],
) -> Nearest:
    """Find the labelled voxel nearest to each unlabelled one of a region.

    Parameters
    ----------
    labelled : ndarray of bool, shape (Z, Y, X)
        Not empty.
    where : ndarray of bool, shape (Z, Y, X)
        The region.
    spacing_mm_zyx : tuple of float
        For distances in mm.
    """
    from scipy.spatial import KDTree

    missing = _places(where & ~labelled)
    if not len(missing):
        return Nearest(tuple(missing.T), tuple(missing.T))
    border = _places(_border(labelled))
    _, nearest = KDTree(border * spacing_mm_zyx).query(missing * spacing_mm_zyx)
    return Nearest(tuple(missing.T), tuple(border[nearest].T))


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
