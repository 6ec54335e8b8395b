"""Lay arms beside a patient and a table below."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.disturbances.body import find_body
from covseg_core.phantom.disturbances.picture import AIR_HU, Room, widened
from covseg_core.phantom.organs import paint_table
from covseg_core.phantom.shapes import Field, World, coverage, disc_depth
from covseg_core.phantom.texture import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from covseg_core.volume import CTVolume

__all__ = ["with_arms", "with_table"]

_ARM_MM = 42.0
_BONE_MM, _MARROW_MM = 11.5, 6.0
_SKIN_MM = 8.0
_FAT_HU, _MUSCLE_HU, _BONE_HU, _MARROW_HU = -100.0, 50.0, 1100.0, 80.0
_BORDER_MM = 15.0
_PHANTOM_BACK_MM = 138.0
"""Just above the plate in the coordinates of `paint_table`."""
_TABLE_HALF_WIDTH_MM, _TABLE_MM = 172.0, 30.0


def with_arms(ct: CTVolume, gap_mm: float = 0.0) -> CTVolume:
    """Lay an arm along each side of the chest, as in patients who cannot raise them.

    Parameters
    ----------
    ct : CTVolume
        In HU, upright.
    gap_mm : float
        Air between an arm and the widest part of the chest; arms that lie close
        enclose air, which is none of the lungs.

    Returns
    -------
    CTVolume
        In a wider picture where the arms need one.

    Raises
    ------
    InputRefusedError
        If the scan holds grey levels or no body.
    GeometryError
        If it is not upright.
    """
    body = find_body(ct)
    away = body.width_mm / 2 + gap_mm + _ARM_MM
    xs = body.middle_mm - away, body.middle_mm + away
    y = body.back_mm - _ARM_MM
    edge = _ARM_MM + _BORDER_MM
    wide = widened(ct, Room(xs[0] - edge, xs[1] + edge, y - edge, y + edge))

    def draw(hu: Field, world: World) -> None:
        depth = np.maximum(*(disc_depth(world, x, y, _ARM_MM) for x in xs))
        width = 1.5 * world.pixel_mm
        paint(hu, _FAT_HU, coverage(depth, width))
        paint(hu, _MUSCLE_HU, coverage(depth - _SKIN_MM, width))
        paint(hu, _BONE_HU, coverage(depth - (_ARM_MM - _BONE_MM), width))
        paint(hu, _MARROW_HU, coverage(depth - (_ARM_MM - _MARROW_MM), width))

    return _added(wide, draw)


def with_table(ct: CTVolume) -> CTVolume:
    """Lay the patient on a table: a thin curved plate with foam below.

    Parameters
    ----------
    ct : CTVolume
        In HU, upright.

    Returns
    -------
    CTVolume
        In a taller picture where the table needs one; a table that the scan shows
        already stays.

    Raises
    ------
    InputRefusedError
        If the scan holds grey levels or no body.
    GeometryError
        If it is not upright.
    """
    body = find_body(ct)
    tall = widened(ct, Room(back_mm=body.back_mm + _TABLE_MM + _BORDER_MM))

    def draw(hu: Field, world: World) -> None:
        # As wide as chest and arms, at the thickness that it has.
        half_mm = body.width_mm / 2 + _ARM_MM
        x = (world.x - body.middle_mm) * (_TABLE_HALF_WIDTH_MM / half_mm)
        y = world.y - body.back_mm + _PHANTOM_BACK_MM
        paint_table(hu, replace(world, x=x, y=y))

    return _added(tall, draw)


def _added(ct: CTVolume, draw: Callable[[Field, World], None]) -> CTVolume:
    """Add what runs along all slices, wherever it is denser than what is there."""
    world = World.of(ct.grid)
    world = replace(world, z=world.z[:1])
    hu = np.full(world.shape, AIR_HU, np.float32)
    draw(hu, world)
    seen = np.where(hu > AIR_HU + 1, np.maximum(ct.hu, hu), ct.hu)
    return replace(ct, hu=seen.astype(np.float32, copy=False))
