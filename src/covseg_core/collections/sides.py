"""Tell the right lung from the left one by where they lie, whatever a file says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from covseg_core.labels import Lung
from covseg_core.volume import LungMask

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from covseg_core.volume import Grid, LabelVolume

__all__ = ["sided_lungs"]

JOINED = 0.2
"""Share of an island beyond the middle from which on it is both lungs."""
LEAST_LUNG = 0.15
"""An island of less than this of the largest one is no second lung."""
MOST = 0.8
"""Share of the mask that the two largest islands need to be its lungs."""


def sided_lungs(mask: LabelVolume) -> LungMask:
    """Decide which voxels are which lung's, from the world and not from the values.

    Of two values, the one that lies further to the patient's right is the right
    lung.  One value alone is split by its islands: each belongs to the side of the
    middle that most of it lies on, and one that joins both lungs is cut there.  The
    middle is that between the two largest islands if they are the lungs; else that
    of the mask if both lungs are joined, and of the grid if only one is there.

    Parameters
    ----------
    mask : LabelVolume
        Lungs of one or two values, 0 elsewhere.
    """
    values = [value for value in np.unique(mask.labels).tolist() if value]
    if len(values) == 2:
        parts = mask.labels == values[0], mask.labels == values[1]
        right, left = sorted(parts, key=lambda part: _x_mm(mask, part))
        labels = np.where(right, Lung.RIGHT, np.where(left, Lung.LEFT, 0))
    else:
        labels = _split(mask)
    return LungMask(labels.astype(np.uint8), mask.grid, source=mask.source)


def _split(mask: LabelVolume) -> npt.NDArray[np.uint8]:
    labels, count = ndimage.label(mask.labels > 0)
    islands = _Islands(labels, count, mask.grid)
    if not count:
        return np.zeros(labels.shape, np.uint8)
    middle_mm = _middle_mm(islands)
    share = islands.share_right_of(middle_mm)
    is_joined = (share > JOINED) & (share < 1 - JOINED)
    sides = np.zeros(labels.shape, np.uint8)
    for z, plane in enumerate(labels):
        is_right = _x_of(mask.grid, z) < middle_mm
        goes_right = np.where(is_joined[plane], is_right, (share >= 0.5)[plane])
        side = np.where(goes_right, np.uint8(Lung.RIGHT), np.uint8(Lung.LEFT))
        np.copyto(sides[z], side, where=plane > 0)
    return sides


@dataclass(frozen=True, eq=False)
class _Islands:
    """Connected parts of a mask, 1 to `count`; 0 is outside."""

    labels: npt.NDArray[np.int32]
    count: int
    grid: Grid

    def add_up(
        self, values_of: Callable[[npt.NDArray[np.float64]], npt.NDArray[Any]]
    ) -> npt.NDArray[np.float64]:
        """Sum up for each island what is given for the x of its voxels, in mm."""
        sums = np.zeros(self.count + 1)
        # Slice by slice, as whole scans of other types would take gigabytes.
        for z, plane in enumerate(self.labels):
            values = values_of(_x_of(self.grid, z)).ravel()
            sums += np.bincount(plane.ravel(), values, self.count + 1)
        return sums

    def share_right_of(self, x_mm: float) -> npt.NDArray[np.float64]:
        """Give for each island how much of it lies to the patient's right of `x_mm`."""
        return self.add_up(lambda x: x < x_mm) / self.sizes

    @cached_property
    def sizes(self) -> npt.NDArray[np.float64]:
        """Voxels of each island, at least 1."""
        return np.maximum(self.add_up(np.ones_like), 1)

    @property
    def extent_mm(self) -> tuple[float, float]:
        """From where to where all islands reach, from right to left."""
        inside = [
            _x_of(self.grid, z)[plane > 0]
            for z, plane in enumerate(self.labels)
            if plane.any()
        ]
        return min(float(x.min()) for x in inside), max(float(x.max()) for x in inside)


def _middle_mm(islands: _Islands) -> float:
    """Find the x that tells right from left; see `sided_lungs`."""
    between = _between_lungs_mm(islands)
    if between is not None:
        return between
    grid = islands.grid
    middle = float(grid.world_mm([(size - 1) / 2 for size in grid.shape])[0])
    largest = int(islands.sizes[1:].argmax()) + 1
    if JOINED < islands.share_right_of(middle)[largest] < 1 - JOINED:
        return sum(islands.extent_mm) / 2
    return middle


def _between_lungs_mm(islands: _Islands) -> float | None:
    """Find the middle of the two largest islands, None if they are not the lungs."""
    if islands.count < 2:
        return None
    sizes = islands.sizes[1:]
    two = np.argsort(sizes)[-2:]
    second, first = sizes[two]
    if second < LEAST_LUNG * first or first + second < MOST * sizes.sum():
        return None
    places = islands.add_up(lambda x: x) / islands.sizes
    between = float(places[1:][two].mean())
    shares = islands.share_right_of(between)[1:][two]
    is_apart = shares.min() <= JOINED and shares.max() >= 1 - JOINED
    return between if is_apart else None


def _x_of(grid: Grid, z: int) -> npt.NDArray[np.float64]:
    """Give the place of the voxels (Y, X) of a slice from right to left, in mm."""
    step_x, step_y, step_z, start = grid.affine_lps[0]
    rows, columns = np.ogrid[: grid.shape[1], : grid.shape[2]]
    return np.asarray(step_x * columns + step_y * rows + step_z * z + start)


def _x_mm(mask: LabelVolume, part: npt.NDArray[np.bool_]) -> float:
    """Mean place from right to left, growing to the patient's left, in mm."""
    return float(mask.grid.world_mm(ndimage.center_of_mass(part))[0])
