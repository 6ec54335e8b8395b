"""How near voxels lie to a mask, within some reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Mm", "box_around", "distance_mm", "weight_near"]

Mm: TypeAlias = tuple[float, float, float]
"""Distance of voxel centres along each array axis."""
SHARP_MM = 1e-3
"""Stands for a border of no width."""


def weight_near(
    far_mm: npt.NDArray[np.float32], reach_mm: float, border_mm: float
) -> npt.NDArray[np.float32]:
    """Weigh voxels by distance: 0 from `reach_mm` on, rising to 1 over `border_mm`."""
    border_mm, reach_mm = max(border_mm, SHARP_MM), max(reach_mm, SHARP_MM)
    return ((reach_mm - far_mm) / border_mm).clip(0, 1)


def distance_mm(
    mask: npt.NDArray[np.bool_], reach_mm: float, spacing_mm: Mm
) -> npt.NDArray[np.float32]:
    """Measure the distance to a mask within reach; beyond it may be infinite."""
    far_mm = np.full(mask.shape, np.inf, np.float32)
    if mask.any():
        part = box_around(mask.view(np.uint8), reach_mm, spacing_mm)
        edges = ndimage.distance_transform_edt(~mask[part], sampling=spacing_mm)
        far_mm[part] = edges
    return far_mm


def box_around(
    labels: npt.NDArray[np.uint8], reach_mm: float, spacing_mm: Mm
) -> tuple[slice, ...]:
    """Find the box of all that is within reach of a label; there is one."""
    grown = [int(reach_mm / step) + 1 for step in spacing_mm]
    sides = ndimage.find_objects((labels > 0).view(np.uint8))[0]
    return tuple(
        slice(max(side.start - more, 0), side.stop + more)
        for side, more in zip(sides, grown, strict=True)
    )
