"""Skin, rib cage, mediastinum, diaphragm and lungs as depth fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from covseg_core.phantom.shapes import (
    Ellipsoid,
    Field,
    World,
    coverage,
    disc_depth,
    smooth_intersection,
    smooth_union,
)

__all__ = ["HEART", "Thorax", "build_thorax"]

_APEX_MM = 104.0
HEART = Ellipsoid((20, -30, -40), (63, 45, 47), angle_deg=-32)

_HEIGHTS_MM = (-130, -100, -60, -20, 20, 55, 76, 92, 106)
_LUNG_X_MM = (62, 64, 64, 62, 59, 52, 47, 43, 40)
_LUNG_Y_MM = (16, 14, 10, 8, 8, 15, 21, 26, 28)
_LUNG_HALF_WIDTH_MM = (62, 65, 66, 65, 60, 50, 39, 28, 14)
_LUNG_HALF_DEPTH_MM = (91, 95, 97, 97, 91, 75, 58, 40, 20)
_LUNG_TURN_DEG = 11.0

_BODY_HALF_WIDTH_MM = (158, 162, 163, 163, 164, 169, 172, 172, 168)
_BODY_FRONT_MM = (-110, -114, -118, -119, -115, -102, -90, -82, -76)
_BODY_BACK_MM = (134, 136, 138, 139, 139, 137, 134, 131, 127)
_BACK_ON_THE_TABLE_MM = 128.0


@dataclass(frozen=True, eq=False)
class Thorax:
    """Depth fields of the parts of a chest, in mm, each (Z, Y, X).

    Parameters
    ----------
    body : ndarray of float32
        Depth below the skin.
    cage : ndarray of float32
        Depth inside the ribs.
    mediastinum : ndarray of float32
        Depth in what parts the lungs: heart, great vessels, spine.
    diaphragm : ndarray of float32
        Height above the diaphragm, negative in the belly.
    right_lung, left_lung : ndarray of float32
        Depth in each lung.
    lung_share : ndarray of float32
        Share of each voxel that is lung, 0 to 1.
    """

    body: Field
    cage: Field
    mediastinum: Field
    diaphragm: Field
    right_lung: Field
    left_lung: Field
    lung_share: Field


def _at_height(world: World, values: tuple[float, ...]) -> Field:
    """Interpolate `values`, given at fixed heights, to the slices, (Z, 1, 1)."""
    return np.interp(world.z, _HEIGHTS_MM, values).astype(np.float32)


def build_thorax(world: World) -> Thorax:
    """Compute the depth fields of a chest on the voxels of `world`."""
    ovals = smooth_union(_oval(world, -1), _oval(world, 1), 10)
    mediastinum = _mediastinum(world)
    diaphragm = _above_diaphragm(world)
    open_space = smooth_intersection(ovals, -mediastinum, 7)
    lungs = smooth_intersection(open_space, diaphragm, 5)
    lungs = smooth_intersection(lungs, _APEX_MM - world.z, 12)
    is_right = world.x < 0
    outside = np.float32(-99)
    return Thorax(
        body=_body(world),
        cage=smooth_union(ovals, _middle(world), 10),
        mediastinum=mediastinum,
        diaphragm=diaphragm,
        right_lung=np.where(is_right, lungs, outside),
        left_lung=np.where(is_right, outside, lungs),
        lung_share=_lung_share(world, lungs, diaphragm),
    )


def _oval(world: World, side: int) -> Field:
    """Depth in an oval around one lung, its front end towards the middle."""
    turn = np.float32(np.deg2rad(_LUNG_TURN_DEG * side))
    x = world.x - side * _at_height(world, _LUNG_X_MM)
    y = world.y - _at_height(world, _LUNG_Y_MM)
    # No chest is a mirror image of itself.
    size = np.float32(1.0 if side < 0 else 0.97)
    width = size * _at_height(world, _LUNG_HALF_WIDTH_MM)
    depth = size * _at_height(world, _LUNG_HALF_DEPTH_MM)
    across = (x * np.cos(turn) - y * np.sin(turn)) / width
    along = (y * np.cos(turn) + x * np.sin(turn)) / depth
    return width * (1 - _norm(across, along, 2.2))


def _middle(world: World) -> Field:
    """Depth in the part of the cage between the two ovals."""
    depth = _at_height(world, _LUNG_HALF_DEPTH_MM) * np.float32(0.9)
    y = (world.y - _at_height(world, _LUNG_Y_MM) + 4) / depth
    return np.float32(45) * (1 - _norm(world.x / np.float32(45), y, 2.2))


def _norm(a: Field, b: Field, power: float) -> Field:
    """Radius in a rounded box of half widths 1."""
    exponent = np.float32(power)
    summed = np.abs(a) ** exponent + np.abs(b) ** exponent
    return np.asarray(summed ** np.float32(1 / power))


def _body(world: World) -> Field:
    width = _at_height(world, _BODY_HALF_WIDTH_MM)
    front, back = _at_height(world, _BODY_FRONT_MM), _at_height(world, _BODY_BACK_MM)
    middle, depth = (front + back) / 2, (back - front) / 2
    radius = _norm(world.x / width, (world.y - middle) / depth, 2.5)
    skin = np.minimum(width, depth) * (1 - radius)
    # The chest is flatter over the breastbone than beside it.
    groove = 6 * np.exp(-((world.x / 18) ** 2)) * (world.y < 0)
    return smooth_intersection(skin - groove, _BACK_ON_THE_TABLE_MM - world.y, 14)


def _mediastinum(world: World) -> Field:
    """Depth in everything between the lungs."""
    parts: list[Field] = [
        HEART.depth(world),
        _great_vessels(world),
        disc_depth(world, 0, 84, 27),
        disc_depth(world, 23, 56, 13) + np.minimum(0, 44 - world.z) / 2,
        Ellipsoid((-36, 6, -12), (18, 16, 22)).depth(world),
        Ellipsoid((38, 4, -6), (17, 16, 20)).depth(world),
        3 - np.abs(world.x - 4) + np.maximum(0, -62 - world.y),
    ]
    depth = parts[0]
    for part in parts[1:]:
        depth = smooth_union(depth, part, 8)
    return np.broadcast_to(depth, world.shape)


def _great_vessels(world: World) -> Field:
    """Depth in the column of vessels and windpipe above and behind the heart."""
    width = _at_height(world, (12, 14, 18, 28, 31, 32, 33, 34, 34))
    depth = _at_height(world, (25, 30, 38, 45, 46, 42, 36, 30, 28))
    middle = _at_height(world, (30, 24, 16, -4, -8, 0, 8, 14, 16))
    radius = np.hypot(world.x / width, (world.y - middle) / depth)
    return np.minimum(width, depth) * (1 - radius)


def _above_diaphragm(world: World) -> Field:
    """Height in mm above the two domes, which fall off steeply to the back."""
    return np.where(
        world.x < 0,
        world.z - _dome(world, -62, -22, top_mm=-58),
        world.z - _dome(world, 66, -20, top_mm=-72),
    ) * np.float32(0.75)


def _dome(world: World, x_mm: float, y_mm: float, top_mm: float) -> Field:
    across, along = world.x - x_mm, world.y - y_mm
    width = np.where(np.abs(world.x) > abs(x_mm), 66, 120)
    depth = np.where(along > 0, 92, 86)
    fall = (across / width) ** 2 + (along / depth) ** 2
    return top_mm - 44 * fall - 12 * fall * fall * fall


def _lung_share(world: World, lungs: Field, diaphragm: Field) -> Field:
    # A slice that cuts a dome holds lung and belly side by side.
    sharp = coverage(lungs, 1.2 * world.pixel_mm)
    slanted = coverage(diaphragm, 0.75 * world.slice_mm + world.pixel_mm)
    return np.minimum(sharp, slanted)
