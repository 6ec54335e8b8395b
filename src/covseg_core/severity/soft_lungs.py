"""Lungs on coarse voxels with soft borders, which can be compared between grids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.editing.box import class_box
from covseg_core.labels import Lung
from covseg_core.volume import Grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import LungMask

__all__ = ["SoftLungs", "thinned"]

_MARGIN_MM = 40.0
_NOWHERE = 0.02


@dataclass(frozen=True, eq=False)
class SoftLungs:
    """How much of each coarse voxel is right and left lung.

    Parameters
    ----------
    shares : ndarray of float64, shape (2, Z, Y, X)
        Right and left, in [0, 1].
    grid : Grid
        Of the coarse voxels; a margin of 40 mm around the lungs is empty.
    """

    shares: npt.NDArray[np.float64]
    grid: Grid

    @classmethod
    def of(cls, lungs: LungMask, coarse_mm: float) -> SoftLungs:
        """Average a lung mask that is not empty over blocks of up to `coarse_mm`."""
        from skimage.measure import block_reduce

        box = class_box((lungs.labels > 0).view(np.uint8), 1)
        if box is None:
            raise ValueError("the lung mask is empty.")
        steps = _steps(lungs.grid, coarse_mm)
        shares = np.stack(
            [
                block_reduce(lungs.labels[box] == side, steps, np.mean)
                for side in (Lung.RIGHT, Lung.LEFT)
            ]
        )
        spacing = np.multiply(lungs.grid.spacing_mm_zyx, steps)
        margin = np.ceil(_MARGIN_MM / spacing).astype(int)
        shares = np.pad(shares, ((0, 0), *((n, n) for n in margin)))
        # The centre of the first block, without its margin, in voxels of the mask.
        first = [
            part.start + (step - 1) / 2 for part, step in zip(box, steps, strict=True)
        ]
        start = np.subtract(first, margin * steps)
        return cls(shares, _coarser(lungs.grid, start, steps, shares.shape[1:]))

    @property
    def centre_mm(self) -> npt.NDArray[np.float64]:
        """Centre of mass of both lungs, in LPS mm."""
        from scipy import ndimage

        return self.grid.world_mm(ndimage.center_of_mass(self.shares.sum(axis=0)))

    def blurred(self, sigma_mm: float) -> SoftLungs:
        """Blur, so that lungs further apart still pull on each other."""
        from scipy import ndimage

        sigma = np.divide(sigma_mm, self.grid.spacing_mm_zyx)
        shares = [
            ndimage.gaussian_filter(one, sigma, mode="constant") for one in self.shares
        ]
        return replace(self, shares=np.stack(shares))

    def points_mm(self, most: int) -> npt.NDArray[np.float64]:
        """Choose voxels in and near the lungs, (N, 3) in LPS mm, at most so many."""
        places = np.argwhere(self.shares.max(axis=0) > _NOWHERE)
        if len(places) > most:
            # Every n-th one would pick whole columns; the seed keeps it repeatable.
            chosen = np.random.default_rng(0).choice(len(places), most, replace=False)
            places = places[np.sort(chosen)]
        return self.grid.world_mm(places)

    def at(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Interpolate at points (N, 3) in LPS mm; gives (2, N), 0 outside."""
        from scipy import ndimage

        inverse = np.linalg.inv(self.grid.affine_lps)
        index_xyz = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
        index_zyx = index_xyz.T[::-1]
        return np.stack(
            [ndimage.map_coordinates(one, index_zyx, order=1) for one in self.shares]
        )


def thinned(lungs: LungMask, coarse_mm: float) -> LungMask:
    """Keep every n-th voxel along each axis, as far as `coarse_mm` allows."""
    steps = _steps(lungs.grid, coarse_mm)
    labels = lungs.labels[tuple(slice(None, None, step) for step in steps)]
    return replace(
        lungs,
        labels=labels,
        grid=_coarser(lungs.grid, np.zeros(3), steps, labels.shape),
    )


def _steps(grid: Grid, coarse_mm: float) -> tuple[int, ...]:
    return tuple(max(1, int(coarse_mm / step)) for step in grid.spacing_mm_zyx)


def _coarser(
    grid: Grid,
    start_zyx: npt.NDArray[np.float64],
    steps: tuple[int, ...],
    shape: tuple[int, ...],
) -> Grid:
    """Make the grid whose voxel 0 lies at `start_zyx` of another one."""
    affine = grid.affine_lps @ np.diag([*steps[::-1], 1.0])
    affine[:3, 3] = grid.world_mm(start_zyx)
    z, y, x = shape
    return Grid((z, y, x), affine)
