"""Where the opacities are, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import Lesion
from covseg_core.phantom.shapes import Ellipsoid, Field, World
from covseg_core.phantom.tubes import Segment, tube_coverage

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.phantom.thorax import Thorax

__all__ = ["Disease", "LesionShapes", "disease_of", "lesion_labels", "place_lesions"]

_CONSOLIDATED_SHARE = 0.5
_SMALLEST_RADIUS_MM = 4.0
_MARGIN_MM = 12.0
_AIRWAYS_PER_CONSOLIDATION = 3
_DEPTH_BELOW_PLEURA_MM = (8.0, 20.0)


@dataclass(frozen=True)
class LesionShapes:
    """Shapes of all lesions; consolidations lie inside opacities."""

    opacities: tuple[Ellipsoid, ...] = ()
    consolidations: tuple[Ellipsoid, ...] = ()


@dataclass(frozen=True, eq=False)
class Disease:
    """The lesions on a grid, as fields of shape (Z, Y, X).

    Parameters
    ----------
    opacity, consolidation : ndarray of float32
        Depth in the lesions in mm, followed to some way outside.
    open_airways : ndarray of float32
        Share of each voxel that is an airway still open in a consolidation.
    """

    opacity: Field
    consolidation: Field
    open_airways: Field


def place_lesions(
    rng: np.random.Generator, world: World, thorax: Thorax, count: int
) -> LesionShapes:
    """Place up to `count` clusters of ellipsoids below the pleura, most of them low.

    Each ellipsoid lies wholly in a lung: one that does not is shrunk until it does
    or left out.
    """
    lungs = np.maximum(thorax.right_lung, thorax.left_lung)
    opacities: list[Ellipsoid] = []
    consolidations: list[Ellipsoid] = []
    for centre in _centres(rng, world, thorax, lungs, count):
        main = _fit(_main_ellipsoid(rng, centre, world, thorax), world, lungs)
        if main is None:
            continue
        opacities.append(main)
        for satellite in _satellites(rng, main):
            fitted = _fit(satellite, world, lungs)
            opacities += [] if fitted is None else [fitted]
        if rng.random() < _CONSOLIDATED_SHARE:
            consolidations.append(main.scaled(rng.uniform(0.5, 0.75)))
    return LesionShapes(tuple(opacities), tuple(consolidations))


def disease_of(rng: np.random.Generator, shapes: LesionShapes, world: World) -> Disease:
    """Compute the fields of lesions on the voxels of `world`."""
    airways = [
        piece for shape in shapes.consolidations for piece in _open_airways(rng, shape)
    ]
    return Disease(
        _depth_in_any(shapes.opacities, world),
        _depth_in_any(shapes.consolidations, world),
        tube_coverage(airways, world),
    )


def lesion_labels(disease: Disease) -> npt.NDArray[np.uint8]:
    """Label the voxels whose centres lie in the lesions."""
    diseased = disease.opacity >= 0
    labels = np.where(diseased, np.uint8(Lesion.GGO), np.uint8(Lesion.BACKGROUND))
    labels[diseased & (disease.consolidation >= 0)] = Lesion.CONSOLIDATION
    return labels


def _depth_in_any(shapes: tuple[Ellipsoid, ...], world: World) -> Field:
    depth = np.full(world.shape, -_MARGIN_MM, np.float32)
    for shape in shapes:
        box = shape.box(world, _MARGIN_MM)
        np.maximum(depth[box], shape.depth(world.part(box)), out=depth[box])
    return depth


def _open_airways(rng: np.random.Generator, shape: Ellipsoid) -> list[Segment]:
    """Draw a few thin airways that fan out through a consolidation."""
    centre, reach = np.array(shape.centre_mm), max(shape.radii_mm)
    start = centre - reach * np.sign(centre) * (0.9, 0.5, 0.0)
    ends = centre + reach * rng.uniform(-0.9, 0.9, (_AIRWAYS_PER_CONSOLIDATION, 3))
    return [Segment(start, end, rng.uniform(0.8, 1.5)) for end in ends]


def _centres(
    rng: np.random.Generator, world: World, thorax: Thorax, lungs: Field, count: int
) -> list[tuple[float, float, float]]:
    """Draw points a little below the pleura, preferring the back and the base."""
    low, high = _DEPTH_BELOW_PLEURA_MM
    candidates = (lungs > low) & (lungs < high) & (thorax.cage < high + 12)
    z, y, x = np.nonzero(candidates)
    if not len(z) or not count:
        return []
    points = np.stack(
        [world.x.ravel()[x], world.y.ravel()[y], world.z.ravel()[z]], axis=1
    )
    weight = np.exp(points[:, 1] / 45 - points[:, 2] / 110)
    drawn = rng.choice(len(points), size=8 * count, p=weight / weight.sum())
    chosen: list[tuple[float, float, float]] = []
    for x_mm, y_mm, z_mm in points[drawn].tolist():
        apart = [np.hypot(x_mm - a, y_mm - b) + abs(z_mm - c) for a, b, c in chosen]
        if min(apart, default=np.inf) > 40 and len(chosen) < count:
            chosen.append((x_mm, y_mm, z_mm))
    return chosen


def _main_ellipsoid(
    rng: np.random.Generator,
    centre: tuple[float, float, float],
    world: World,
    thorax: Thorax,
) -> Ellipsoid:
    """Lay an ellipsoid along the pleura."""
    radii = rng.uniform(20, 42), rng.uniform(12, 22), rng.uniform(14, 30)
    return Ellipsoid(centre, radii, _angle_of_pleura(centre, world, thorax))


def _angle_of_pleura(
    centre: tuple[float, float, float], world: World, thorax: Thorax
) -> float:
    z, y, x = (
        int(np.clip(np.searchsorted(axis.ravel(), value), 1, axis.size - 2))
        for axis, value in zip((world.z, world.y, world.x), centre[::-1], strict=True)
    )
    plane = thorax.cage[min(z, len(thorax.cage) - 1)]
    inwards_x = float(plane[y, x + 1] - plane[y, x - 1])
    inwards_y = float(plane[y + 1, x] - plane[y - 1, x])
    return float(np.rad2deg(np.arctan2(inwards_y, inwards_x))) + 90


def _satellites(rng: np.random.Generator, main: Ellipsoid) -> list[Ellipsoid]:
    """Smaller ellipsoids that overlap `main` and make its outline uneven."""
    turn = np.deg2rad(main.angle_deg)
    satellites = []
    for _ in range(rng.integers(3, 7)):
        along, across, up = rng.uniform(-1, 1, 3) * main.radii_mm * (0.95, 0.8, 0.8)
        centre = (
            main.centre_mm[0] + along * np.cos(turn) - across * np.sin(turn),
            main.centre_mm[1] + along * np.sin(turn) + across * np.cos(turn),
            main.centre_mm[2] + up,
        )
        a, b, c = main.radii_mm * rng.uniform(0.35, 0.75, 3)
        satellites.append(
            Ellipsoid(centre, (a, b, c), main.angle_deg + rng.uniform(-40, 40))
        )
    return satellites


def _fit(shape: Ellipsoid, world: World, lungs: Field) -> Ellipsoid | None:
    """Shrink `shape` until every voxel of it is lung; None if nothing is left."""
    while min(shape.radii_mm) >= _SMALLEST_RADIUS_MM:
        box = shape.box(world, 0)
        inside = shape.depth(world.part(box)) >= 0
        if not inside.any() or lungs[box][inside].min() > 0:
            return shape
        shape = shape.scaled(0.9)
    return None
