"""What fills the lungs: air cells, vessels, airways and disease."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.airways import HILA_MM
from covseg_core.phantom.shapes import Field, World, coverage
from covseg_core.phantom.texture import grain, paint
from covseg_core.phantom.tubes import Points, Segment, grow_tree, tube_coverage

if TYPE_CHECKING:
    from covseg_core.phantom.lesions import Disease
    from covseg_core.phantom.thorax import Thorax

__all__ = ["paint_lungs"]

_LUNG_HU, _VESSEL_HU, _LUMEN_HU = -872.0, 38.0, -960.0
_OPACITY_HU, _CONSOLIDATION_HU = -520.0, 15.0
_OPACITY_EDGE_MM, _CONSOLIDATION_EDGE_MM = 4.5, 4.0
_TIPS_PER_TREE = 260
_TIP_RADIUS_MM = 0.75
_TIP_DEPTH_MM = 4.0
_VEINS_FROM_HILUM_MM = np.array([0.0, -8.0, -10.0])
_AIRWAY_RADIUS_MM = (1.3, 3.2)


def paint_lungs(
    rng: np.random.Generator,
    hu: Field,
    world: World,
    thorax: Thorax,
    disease: Disease,
) -> None:
    """Paint the lungs into `hu` in place.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    hu : ndarray of float32, shape (Z, Y, X)
        The chest around the lungs.
    world : World
        Where its voxels lie.
    thorax : Thorax
        Where the lungs lie.
    disease : Disease
        Where the lesions lie.
    """
    fine, coarse = grain(rng, world, 1.6), grain(rng, world, 9)
    # Blood sinks: the lung is denser where it hangs lower.
    lung = _LUNG_HU + 0.22 * (world.y + 80) + 16 * fine + 14 * coarse
    ground_glass = _OPACITY_HU + 75 * coarse + 75 * fine
    paint(
        lung, ground_glass, coverage(disease.opacity + 1.0 * coarse, _OPACITY_EDGE_MM)
    )
    vessels, airways = _trees(rng, world, thorax)
    paint(lung, _VESSEL_HU, tube_coverage(vessels, world))
    solid = _CONSOLIDATION_HU + 22 * fine + 15 * coarse
    paint(lung, solid, coverage(disease.consolidation, _CONSOLIDATION_EDGE_MM))
    in_solid = disease.open_airways * (disease.consolidation > -_CONSOLIDATION_EDGE_MM)
    paint(lung, _LUMEN_HU, in_solid)
    paint(lung, -250.0, 0.8 * tube_coverage(airways, world, wall_mm=0.9))
    paint(lung, _LUMEN_HU, tube_coverage(airways, world))
    paint(hu, lung, thorax.lung_share)


def _trees(
    rng: np.random.Generator, world: World, thorax: Thorax
) -> tuple[list[Segment], list[Segment]]:
    """Vessels of both lungs, and the airways that go along with the arteries."""
    vessels: list[Segment] = []
    airways: list[Segment] = []
    for side, depth in (("right", thorax.right_lung), ("left", thorax.left_lung)):
        root = HILA_MM[side]
        arteries = grow_tree(root, _tips(rng, world, depth), _TIP_RADIUS_MM)
        veins = grow_tree(
            root + _VEINS_FROM_HILUM_MM, _tips(rng, world, depth), _TIP_RADIUS_MM
        )
        vessels += arteries + veins
        airways += _companions(arteries)
    return vessels, airways


def _tips(rng: np.random.Generator, world: World, depth: Field) -> Points:
    """Draw points of the lung that vessels shall reach, away from its surface."""
    n_candidates = 40 * _TIPS_PER_TREE
    z, y, x = (rng.integers(n, size=n_candidates) for n in world.shape)
    inside = np.flatnonzero(depth[z, y, x] > _TIP_DEPTH_MM)[:_TIPS_PER_TREE]
    axes = world.x.ravel()[x], world.y.ravel()[y], world.z.ravel()[z]
    points = np.stack([axis[inside] for axis in axes], axis=1).astype(np.float64)
    # Voxels are thick: without this all vessels would lie in slice planes.
    return points + rng.uniform(-0.5, 0.5, points.shape) * world.slice_mm


def _companions(arteries: list[Segment]) -> list[Segment]:
    """Airways beside the thicker arteries, as thick as these."""
    low, high = _AIRWAY_RADIUS_MM
    beside = np.array([0.0, 1.0, 0.4])
    return [
        Segment(
            piece.start_mm + beside * (2 * piece.radius_mm + 1),
            piece.end_mm + beside * (2 * piece.radius_mm + 1),
            0.8 * min(piece.radius_mm, high),
        )
        for piece in arteries
        if piece.radius_mm > low
    ]
