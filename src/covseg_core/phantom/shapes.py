"""Shapes in the patient as depth fields: millimetres inside, negative outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from covseg_core.volume import Grid

__all__ = [
    "Ellipsoid",
    "Field",
    "World",
    "coverage",
    "disc_depth",
    "smooth_intersection",
    "smooth_union",
    "union",
]

_TINY = np.float32(1e-12)

Field = npt.NDArray[np.floating[Any]]
"""A value at each voxel, (Z, Y, X) or broadcastable to it; float32 where it is big."""


@dataclass(frozen=True, eq=False)
class World:
    """Where the voxel centres of an upright grid lie, in LPS millimetres.

    Parameters
    ----------
    x, y, z : ndarray of float32
        To the left, to the back and to the head, with shapes (1, 1, X), (1, Y, 1)
        and (Z, 1, 1).
    pixel_mm, slice_mm : float
        Distance of voxels in and across the slice.
    """

    x: Field
    y: Field
    z: Field
    pixel_mm: float
    slice_mm: float

    @classmethod
    def of(cls, grid: Grid) -> World:
        """Locate the voxels of an upright axial `grid`."""
        z, y, x = (
            (start + step * np.arange(n)).astype(np.float32)
            for start, step, n in zip(
                grid.origin_lps_mm[::-1], grid.spacing_mm_zyx, grid.shape, strict=True
            )
        )
        slice_mm, pixel_mm, _ = grid.spacing_mm_zyx
        return cls(
            x[None, None, :], y[None, :, None], z[:, None, None], pixel_mm, slice_mm
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(Z, Y, X)."""
        return self.z.shape[0], self.y.shape[1], self.x.shape[2]

    def of_body(self, size: float) -> World:
        """Locate the voxels in a body that is `size` times as wide and deep."""
        return World(
            self.x / np.float32(size),
            self.y / np.float32(size),
            self.z,
            self.pixel_mm / size,
            self.slice_mm,
        )

    def box(
        self, low_mm: npt.ArrayLike, high_mm: npt.ArrayLike
    ) -> tuple[slice, slice, slice]:
        """Find the voxels between two corners (x, y, z), as slices of (Z, Y, X)."""
        ranges = [
            slice(*np.searchsorted(axis.ravel(), (low, high)).tolist())
            for axis, low, high in zip(
                (self.x, self.y, self.z),
                np.asarray(low_mm),
                np.asarray(high_mm),
                strict=True,
            )
        ]
        return ranges[2], ranges[1], ranges[0]

    def part(self, box: tuple[slice, slice, slice]) -> World:
        """Cut the voxels of a box out."""
        z, y, x = box
        return World(
            self.x[:, :, x],
            self.y[:, y],
            self.z[z],
            self.pixel_mm,
            self.slice_mm,
        )


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned about the long axis of the body.

    Parameters
    ----------
    centre_mm : tuple of float
        (x, y, z) in LPS.
    radii_mm : tuple of float
        Half axes along the turned x, the turned y, and z.
    angle_deg : float
        Turn from x towards y.
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    angle_deg: float = 0.0

    @property
    def volume_ml(self) -> float:
        """Volume, in millilitres."""
        a, b, c = self.radii_mm
        return 4 / 3 * np.pi * a * b * c / 1000

    def scaled(self, factor: float) -> Ellipsoid:
        """Return the same shape around the same centre in another size."""
        a, b, c = self.radii_mm
        return Ellipsoid(
            self.centre_mm, (a * factor, b * factor, c * factor), self.angle_deg
        )

    def box(self, world: World, margin_mm: float) -> tuple[slice, slice, slice]:
        """Voxels of `world` that may lie within `margin_mm` of the ellipsoid."""
        a, b, c = self.radii_mm
        reach = np.array([max(a, b), max(a, b), c]) + margin_mm
        return world.box(self.centre_mm - reach, self.centre_mm + reach)

    def depth(self, world: World) -> Field:
        """Depth in mm, exactly 0 on the surface and approximate elsewhere."""
        turn = np.deg2rad(self.angle_deg)
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        x0, y0, z0 = np.array(self.centre_mm, dtype=np.float32)
        a, b, c = np.array(self.radii_mm, dtype=np.float32)
        x, y = world.x - x0, world.y - y0
        along, across, up = (
            (x * cos + y * sin) / a,
            (y * cos - x * sin) / b,
            world.z - z0,
        )
        in_plane = along * along + across * across
        radius = np.sqrt(in_plane + (up / c) ** 2)
        # Dividing by the slope of the radius makes the depth close to a distance.
        slope = (along / a) ** 2 + (across / b) ** 2 + (up / (c * c)) ** 2
        depth = (np.float32(1) - radius) * radius / np.sqrt(slope + _TINY)
        return np.asarray(np.where(radius < 0.05, min(a, b, c), depth))


def disc_depth(
    world: World, x_mm: float | Field, y_mm: float | Field, radius_mm: float | Field
) -> Field:
    """Depth in mm in an upright tube whose centre may wander with the height."""
    return radius_mm - np.hypot(world.x - x_mm, world.y - y_mm)


def union(*depths: Field) -> Field:
    """Depth in any of several shapes."""
    return reduce(np.maximum, depths)


def smooth_union(a: Field, b: Field, blend_mm: float) -> Field:
    """Depth in either shape, with a rounded seam of `blend_mm`."""
    share = np.clip(0.5 + (a - b) / (2 * blend_mm), 0, 1)
    return b + (a - b) * share + blend_mm * share * (1 - share)


def smooth_intersection(a: Field, b: Field, blend_mm: float) -> Field:
    """Depth in both shapes, with a rounded edge of `blend_mm`."""
    return -smooth_union(-a, -b, blend_mm)


def coverage(depth: Field, width_mm: float) -> Field:
    """Share of a voxel that a shape fills, from 0 to 1 over `width_mm`."""
    return np.clip(0.5 + depth / width_mm, 0, 1)
