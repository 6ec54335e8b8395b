"""Fat, muscle, heart, great vessels, belly and the table below the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.shapes import (
    Ellipsoid,
    Field,
    World,
    coverage,
    disc_depth,
    union,
)
from covseg_core.phantom.texture import paint
from covseg_core.phantom.thorax import HEART

if TYPE_CHECKING:
    from covseg_core.phantom.thorax import Thorax

__all__ = ["paint_belly", "paint_mediastinum", "paint_table", "paint_wall"]

_FAT_HU, _MUSCLE_HU, _SKIN_HU, _BLOOD_HU = -102.0, 52.0, 10.0, 42.0
_LIVER_HU, _SPLEEN_HU, _STOMACH_HU, _GAS_HU = 58.0, 48.0, 28.0, -960.0
_SHELL_HU, _FOAM_HU = 120.0, -880.0
_OUTSIDE = np.float32(-9)


def paint_wall(hu: Field, world: World, thorax: Thorax, bands: Field) -> None:
    """Paint skin, fat and muscle; `bands` is smooth noise that parts the muscles."""
    width = 1.5 * world.pixel_mm
    paint(hu, _SKIN_HU, coverage(thorax.body, width))
    paint(hu, _FAT_HU, coverage(thorax.body - 2, width))
    side = np.abs(world.x)
    breast = 10 * np.exp(-(((side - 75) / 45) ** 2)) * (world.y < -20)
    fat_mm = 9 + breast + 2.5 * bands
    muscle = np.minimum(thorax.body - fat_mm, np.abs(bands) * 14 - 0.7)
    # Between the ribs there is muscle only, and pleural fat inside of it.
    between_ribs = np.minimum(thorax.cage + 13, thorax.body - fat_mm)
    muscle = np.maximum(muscle, between_ribs)
    paint(hu, _MUSCLE_HU, coverage(muscle, width))
    paint(hu, _FAT_HU, coverage(thorax.cage + 1.2, width))


def paint_mediastinum(hu: Field, world: World, thorax: Thorax, bands: Field) -> None:
    """Paint heart, great vessels and gullet into the fat between the lungs."""
    width = 1.5 * world.pixel_mm
    inside = coverage(np.minimum(thorax.cage, thorax.mediastinum + 1), width)
    soft = coverage(bands + 0.25 * (world.z > 70), 0.5)
    paint(hu, _FAT_HU + 125 * soft, inside)
    vessels = union(
        HEART.scaled(0.95).depth(world),
        _aorta(world),
        _right_sided_vessels(world),
        Ellipsoid((12, -18, -8), (22, 13, 14), angle_deg=-20).depth(world),
        _hila(world),
        _vessels_to_head(world),
        6.5 - np.hypot(world.x - 8, (world.y - 38) * 0.8),
    )
    paint(hu, _BLOOD_HU, coverage(np.minimum(vessels, thorax.cage), width))
    paint(hu, _MUSCLE_HU, coverage(20 - np.hypot(world.x / 1.4, world.y - 88), width))


def _aorta(world: World) -> Field:
    ascending = np.where(world.z < 42, disc_depth(world, -12, -24, 15), _OUTSIDE)
    descending = np.where(world.z < 42, disc_depth(world, 23, 56, 12), _OUTSIDE)
    arch = _bar(world, (-12, -22), (22, 52), 11)
    arch = np.where(np.abs(world.z - 48) < 9, arch, _OUTSIDE)
    return union(ascending, descending, arch)


def _right_sided_vessels(world: World) -> Field:
    """Depth in the upper and lower hollow veins."""
    upper = np.where(world.z > -20, disc_depth(world, -26, -12, 9), _OUTSIDE)
    lower = np.where(world.z < -50, disc_depth(world, -26, 14, 13), _OUTSIDE)
    return union(upper, lower)


def _hila(world: World) -> Field:
    """Depth in the lung arteries where they enter the lungs."""
    right = Ellipsoid((-34, 2, -8), (15, 9, 12), angle_deg=15).depth(world)
    left = Ellipsoid((36, 2, 0), (15, 10, 12), angle_deg=-10).depth(world)
    return np.maximum(right, left)


def _vessels_to_head(world: World) -> Field:
    spread = 1 + 0.012 * (world.z - 55)
    parts = [
        disc_depth(world, x * spread, y, radius)
        for x, y, radius in ((-20, -12, 6), (8, -16, 5), (24, 6, 5), (-24, -26, 7))
    ]
    return np.where(world.z > 55, union(*parts), _OUTSIDE)


def _bar(
    world: World,
    start: tuple[float, float],
    end: tuple[float, float],
    radius_mm: float,
) -> Field:
    """Depth in a rounded bar between two points of the slice."""
    along = np.subtract(end, start)
    share = (
        (world.x - start[0]) * along[0] + (world.y - start[1]) * along[1]
    ) / np.dot(along, along)
    share = np.clip(share, 0, 1)
    away = np.hypot(
        world.x - start[0] - share * along[0], world.y - start[1] - share * along[1]
    )
    return np.float32(radius_mm) - away


def paint_belly(hu: Field, world: World, thorax: Thorax, bands: Field) -> None:
    """Paint liver, stomach with its gas, and spleen below the diaphragm."""
    width = 1.5 * world.pixel_mm
    below = np.minimum(thorax.cage, -thorax.diaphragm)
    below = np.minimum(below, 30 - world.z)
    spine = 26 - np.hypot(world.x, world.y - 84)
    below = np.minimum(below, -spine)
    heart = HEART.depth(world)
    below = np.minimum(below, -heart - 2)
    liver = np.minimum(below - 1, 26 - world.x + 0.25 * world.y)
    stomach = Ellipsoid((62, -14, -116), (48, 52, 40)).depth(world)
    spleen = Ellipsoid((88, 52, -118), (34, 40, 40), angle_deg=30).depth(world)
    gas = Ellipsoid((58, -48, -112), (24, 14, 20)).depth(world)
    paint(hu, _FAT_HU + 20 * bands, coverage(below, width))
    paint(hu, _SPLEEN_HU, coverage(np.minimum(below - 2, spleen), width))
    paint(hu, _STOMACH_HU, coverage(np.minimum(below - 2, stomach), width))
    paint(hu, _LIVER_HU, coverage(liver, width))
    paint(hu, _GAS_HU, coverage(np.minimum(below - 6, gas), width))


def paint_table(hu: Field, world: World) -> None:
    """Paint the table: a thin curved shell filled with foam, and a mattress."""
    width = 1.2 * world.pixel_mm
    top = world.y - (140 - 12 * (world.x / 180) ** 2)
    plate = np.minimum(np.minimum(top, 26 - top), 172 - np.abs(world.x))
    mattress = np.minimum(world.y - 129, -top) + 0 * world.x
    mattress = np.minimum(mattress, 165 - np.abs(world.x))
    paint(hu, -930, coverage(mattress, width))
    paint(hu, _SHELL_HU, coverage(plate, width))
    paint(hu, _FOAM_HU, coverage(plate - 1.6, width))
