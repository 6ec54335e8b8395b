"""Noise with the grain of tissue and of a scanner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from covseg_core.phantom.shapes import Field, World

__all__ = ["blur_in_slice", "grain", "paint"]


def grain(rng: np.random.Generator, world: World, size_mm: float) -> Field:
    """Make smooth noise of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    world : World
        Voxels to fill.
    size_mm : float
        Standard deviation of the smoothing, the same in each direction.
    """
    noise = rng.standard_normal(world.shape, dtype=np.float32)
    sigma = size_mm / world.slice_mm, size_mm / world.pixel_mm, size_mm / world.pixel_mm
    noise = gaussian_filter(noise, sigma, mode="wrap", truncate=3)
    return noise / max(float(noise.std()), 1e-6)


def blur_in_slice(hu: Field, size_mm: float, pixel_mm: float) -> Field:
    """Blur each slice, as the detector does, by a Gaussian of `size_mm`."""
    sigma = size_mm / pixel_mm
    return np.asarray(gaussian_filter(hu, (0, sigma, sigma), truncate=3))


def paint(hu: Field, value: float | Field, share: Field) -> None:
    """Mix `value` into `hu` in place, where `share` goes from 0 to 1."""
    hu += (value - hu) * share
