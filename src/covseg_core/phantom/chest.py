"""The phantom that looks like a patient's scan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from covseg_core.labels import Lung
from covseg_core.phantom.airways import paint_airways
from covseg_core.phantom.bones import paint_bones
from covseg_core.phantom.lesions import (
    Disease,
    disease_of,
    lesion_labels,
    place_lesions,
)
from covseg_core.phantom.organs import (
    paint_belly,
    paint_mediastinum,
    paint_table,
    paint_wall,
)
from covseg_core.phantom.parenchyma import paint_lungs
from covseg_core.phantom.settings import Phantom, PhantomSettings
from covseg_core.phantom.shapes import Field, World
from covseg_core.phantom.texture import blur_in_slice, grain
from covseg_core.phantom.thorax import Thorax, build_thorax
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask, Source

__all__ = ["make_phantom"]

_AIR_HU = -1000.0
_SCANNER_BLUR_MM = 0.75
_NOISE_GRAIN_MM = 0.9
_MIDDLE_MM = -5.0
_BODY_SIZES = 0.94, 1.02
_DEFAULTS = PhantomSettings()


def make_phantom(settings: PhantomSettings = _DEFAULTS) -> Phantom:
    """Compute a chest CT with true masks of lungs and lesions.

    The patient lies on the back; slices go from foot to head, rows from front to
    back and columns from the patient's right to left.

    Parameters
    ----------
    settings : PhantomSettings
        What to compute; the default takes a few seconds.

    Returns
    -------
    Phantom
        The scan and its masks, on one grid.
    """
    grid = _grid(settings)
    world = World.of(grid)
    # Drawn apart, so that neither noise nor texture moves a lesion.
    patient, texture, scanner = np.random.default_rng(settings.seed).spawn(3)
    body = world.of_body(patient.uniform(*_BODY_SIZES))
    thorax = build_thorax(body)
    count = 0 if settings.healthy else settings.lesions
    shapes = place_lesions(patient, world, thorax, count)
    disease = disease_of(patient, shapes, world)

    hu = _paint(texture, body, thorax, disease)
    hu = _scan(scanner, hu, world, settings.noise_hu)
    return Phantom(
        CTVolume(hu, grid, source=Source("phantom")),
        LesionMask(lesion_labels(disease), grid),
        LungMask(_lung_labels(thorax), grid),
        shapes.opacities,
        shapes.consolidations,
    )


def _grid(settings: PhantomSettings) -> Grid:
    """Centre the field of view on the lungs."""
    side = -(settings.pixels - 1) * settings.pixel_mm / 2
    bottom = _MIDDLE_MM - (settings.slices - 1) * settings.slice_mm / 2
    return Grid.from_spacing(
        (settings.slices, settings.pixels, settings.pixels),
        (settings.slice_mm, settings.pixel_mm, settings.pixel_mm),
        (side, side, bottom),
    )


def _paint(
    rng: np.random.Generator, world: World, thorax: Thorax, disease: Disease
) -> Field:
    """Paint from the skin inwards."""
    hu = np.full(world.shape, _AIR_HU, np.float32)
    bands = grain(rng, world, 11)
    paint_table(hu, world)
    paint_wall(hu, world, thorax, bands)
    paint_mediastinum(hu, world, thorax, bands)
    paint_belly(hu, world, thorax, bands)
    paint_bones(hu, world, thorax, bands)
    paint_lungs(rng, hu, world, thorax, disease)
    paint_airways(hu, world)
    return hu


def _scan(rng: np.random.Generator, hu: Field, world: World, noise_hu: float) -> Field:
    """Look at the patient with a scanner: blur, noise, whole Hounsfield units."""
    hu = blur_in_slice(hu, _SCANNER_BLUR_MM, world.pixel_mm)
    hu += noise_hu * grain(rng, world, _NOISE_GRAIN_MM)
    return np.rint(np.clip(hu, -1024, 3071))


def _lung_labels(thorax: Thorax) -> npt.NDArray[np.uint8]:
    labels = np.where(thorax.right_lung >= 0, np.uint8(Lung.RIGHT), np.uint8(0))
    labels[thorax.left_lung >= 0] = Lung.LEFT
    return labels
