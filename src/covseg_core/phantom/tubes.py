"""Branching vessels and airways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from covseg_core.phantom.shapes import Field, World

__all__ = ["Segment", "grow_tree", "tube_coverage"]

Points = npt.NDArray[np.float64]
"""Positions (N, 3) as x, y, z in LPS millimetres."""

_DETOUR_PRICE = 0.45
_SUB_SLICES = 3


@dataclass(frozen=True, eq=False)
class Segment:
    """A straight piece of tube.

    Parameters
    ----------
    start_mm, end_mm : ndarray of float, shape (3,)
        x, y, z in LPS.
    radius_mm : float
        Radius of the lumen.
    """

    start_mm: Points
    end_mm: Points
    radius_mm: float


def grow_tree(root_mm: Points, tips_mm: Points, tip_radius_mm: float) -> list[Segment]:
    """Join `tips_mm` to `root_mm` by a tree that is short and has short ways.

    Each tip is joined where the new piece and a share of the way to the root are
    shortest (the idea of minimal spanning trees of nerve cells, Cuntz 2010).  Radii
    follow Murray's law: the cube of a radius is the sum of the cubes behind it.

    Parameters
    ----------
    root_mm : ndarray of float, shape (3,)
        Where the tree enters the lung.
    tips_mm : ndarray of float, shape (N, 3)
        Where it shall reach.
    tip_radius_mm : float
        Radius of the last pieces.
    """
    order = np.argsort(np.linalg.norm(tips_mm - root_mm, axis=1))
    points = np.vstack([root_mm, tips_mm[order]])
    way = np.zeros(len(points))
    parent = np.zeros(len(points), dtype=int)
    for tip in range(1, len(points)):
        step = np.linalg.norm(points[:tip] - points[tip], axis=1)
        parent[tip] = np.argmin(step + _DETOUR_PRICE * way[:tip])
        way[tip] = way[parent[tip]] + step[parent[tip]]
    cubes = np.full(len(points), tip_radius_mm**3)
    for tip in range(len(points) - 1, 0, -1):
        cubes[parent[tip]] += cubes[tip]
    return [
        Segment(points[parent[tip]], points[tip], float(np.cbrt(cubes[tip])))
        for tip in range(1, len(points))
    ]


def tube_coverage(segments: list[Segment], world: World, wall_mm: float = 0) -> Field:
    """Share of each voxel that the tubes fill, averaged over the slice's thickness.

    Parameters
    ----------
    segments : list of Segment
        The tubes.
    world : World
        The voxels.
    wall_mm : float
        Added to each radius.
    """
    share = np.zeros(world.shape, np.float32)
    for segment in segments:
        radius = segment.radius_mm + wall_mm
        reach = radius + world.pixel_mm + np.array([0, 0, world.slice_mm / 2])
        ends = np.stack([segment.start_mm, segment.end_mm])
        box = world.box(ends.min(axis=0) - reach, ends.max(axis=0) + reach)
        filled = _fill(segment, world.part(box), radius)
        np.maximum(share[box], filled, out=share[box])
    return share


def _fill(segment: Segment, world: World, radius_mm: float) -> Field:
    ax, ay, az = (segment.end_mm - segment.start_mm).astype(np.float32)
    x0, y0, z0 = segment.start_mm.astype(np.float32)
    offsets = (np.arange(_SUB_SLICES, dtype=np.float32) + 0.5) / _SUB_SLICES - 0.5
    dz = world.z + offsets[:, None, None, None] * np.float32(world.slice_mm) - z0
    dy, dx = world.y - y0, world.x - x0
    length2 = max(ax * ax + ay * ay + az * az, np.float32(1e-6))
    along = np.clip((dx * ax + dy * ay + dz * az) / length2, 0, 1)
    away2 = (dx - along * ax) ** 2 + (dy - along * ay) ** 2 + (dz - along * az) ** 2
    edge = (np.float32(radius_mm) - np.sqrt(away2)) / np.float32(world.pixel_mm)
    # A tube thinner than a pixel fills only a part of it.
    most = np.float32(min(1.0, 2 * radius_mm / world.pixel_mm))
    return np.asarray(np.clip(edge + np.float32(0.5), 0, 1).mean(axis=0) * most)
