"""Ribs, breastbone, spine, shoulder blades and collar bones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.shapes import Field, World, coverage, disc_depth, union
from covseg_core.phantom.texture import paint

if TYPE_CHECKING:
    from covseg_core.phantom.thorax import Thorax

__all__ = ["paint_bones"]

_CORTEX_HU, _MARROW_HU, _CARTILAGE_HU, _CANAL_HU, _DISC_HU = 560.0, 150.0, 95.0, 25, 85
_RIB_PERIOD_MM = 31.0
_RIB_SLOPE = 0.5
_VERTEBRA_MM = 30.0
_OUTSIDE = np.float32(-9)


def paint_bones(hu: Field, world: World, thorax: Thorax, marrow: Field) -> None:
    """Paint the skeleton into `hu` in place; `marrow` is noise of deviation 1."""
    inside = _MARROW_HU + 35 * marrow
    ribs, cartilage = _ribs(world, thorax)
    width = 1.5 * world.pixel_mm
    paint(hu, _CARTILAGE_HU, coverage(cartilage, width))
    bones = (
        (ribs, 1.9),
        (_sternum(world, thorax), 2.0),
        (_shoulders(world, thorax), 2.2),
    )
    for bone, cortex_mm in bones:
        paint(hu, _CORTEX_HU, coverage(bone, width))
        paint(hu, inside, coverage(bone - cortex_mm, width))
    _paint_spine(hu, world, inside)


def _ribs(world: World, thorax: Thorax) -> tuple[Field, Field]:
    """Depth in the ribs and in their cartilage in front."""
    along = world.z + _RIB_SLOPE * (85 - world.y)
    from_middle = np.abs(along / _RIB_PERIOD_MM % 1 - 0.5) * _RIB_PERIOD_MM
    across = thorax.cage + 7.5
    depth = 5.2 * (1 - np.hypot(from_middle / 8.0, across / 5.2))
    depth = np.where(np.abs(world.x) > 16, depth, _OUTSIDE)
    in_front = (world.y < -62) & (np.abs(world.x) < 62)
    bone = np.where(in_front, _OUTSIDE, depth)
    return bone, np.where(in_front, depth, _OUTSIDE)


def _sternum(world: World, thorax: Thorax) -> Field:
    """Depth in the breastbone, in front of the cage's middle."""
    width = np.interp(world.z, (-90, -70, 30, 50, 75, 85), (1, 15, 17, 28, 27, 1))
    slab = np.hypot(world.x / np.float32(width), (thorax.cage + 9) / 6.5)
    here = (world.z > -90) & (world.z < 84) & (world.y < 0)
    return np.where(here, np.float32(6.5) * (1 - slab), _OUTSIDE)


def _shoulders(world: World, thorax: Thorax) -> Field:
    """Depth in the shoulder blades and the collar bones, of both sides."""
    side = np.abs(world.x)
    blade_line = thorax.cage + 21 + 0.05 * (world.z - 40)
    along = (side - 102) * 0.8 - (world.y - 76) * 0.6
    half_length = np.interp(world.z, (-2, 20, 70, 100, 112), (2, 22, 38, 40, 36))
    blade = 4.2 * (1 - np.hypot(along / half_length, blade_line / 4.2))
    blade = np.where((world.z > 0) & (world.y > 10), blade, _OUTSIDE)
    bar_y = -64 + 0.28 * (side - 20)
    bar_z = 78 + 0.22 * (side - 20)
    bar = 7 - np.hypot(world.y - bar_y, 0.8 * (world.z - bar_z))
    bar = np.where((side > 22) & (side < 128), bar, _OUTSIDE)
    return union(blade, bar)


def _paint_spine(hu: Field, world: World, inside: Field) -> None:
    width = 1.5 * world.pixel_mm
    level = world.z / _VERTEBRA_MM % 1
    is_disc = level > 0.84
    body = 17 * (1 - np.hypot(world.x / 20, (world.y - 80) / 17))
    paint(hu, np.where(is_disc, _DISC_HU, _CORTEX_HU), coverage(body, width))
    paint(hu, np.where(is_disc, _DISC_HU, inside), coverage(body - 2.2, width))

    arch = 5 - np.abs(np.hypot(world.x / 1.15, world.y - 103) - 12)
    spike = np.minimum(4.2 - np.abs(world.x), 8 - np.abs(world.y - 117))
    wing = np.minimum(
        np.minimum(np.abs(world.x) - 9, 38 - np.abs(world.x)),
        5.5 - np.abs(world.y - 100 + 0.25 * (np.abs(world.x) - 10)),
    )
    behind = np.where(is_disc, np.maximum(arch - 2, spike), np.maximum(arch, spike))
    behind = np.where(np.abs(level - 0.45) < 0.22, np.maximum(behind, wing), behind)
    paint(hu, _CORTEX_HU, coverage(behind, width))
    paint(hu, inside, coverage(behind - 1.8, width))
    paint(hu, _CANAL_HU, coverage(disc_depth(world, 0, 103, 8.5), width))
