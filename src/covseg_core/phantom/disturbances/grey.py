"""Change the values of a scan and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import UsageError
from covseg_core.phantom.disturbances.body import require_hu
from covseg_core.phantom.shapes import World
from covseg_core.phantom.texture import grain

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume

__all__ = ["noisy", "windowed_to_8_bit"]

_GRAIN_MM = 0.7


def noisy(ct: CTVolume, sigma_hu: float, seed: int = 0) -> CTVolume:
    """Add noise with the grain of a scanner, as a lower dose would.

    Parameters
    ----------
    ct : CTVolume
        In HU, slices along its first array axis.
    sigma_hu : float
        Standard deviation of what is added.
    seed : int
        Of the noise.
    """
    require_hu(ct)
    noise = grain(np.random.default_rng(seed), World.of(ct.grid), _GRAIN_MM)
    hu = ct.hu + np.float32(sigma_hu) * noise
    if ct.padding is not None:
        hu[ct.padding] = ct.hu[ct.padding]
    return replace(ct, hu=hu)


def windowed_to_8_bit(ct: CTVolume, low_hu: float, high_hu: float) -> CTVolume:
    """Show a scan in a window of 256 grey levels, as pictures hold it.

    Parameters
    ----------
    ct : CTVolume
        In HU and any orientation.
    low_hu, high_hu : float
        What becomes black (0) and white (255).

    Returns
    -------
    CTVolume
        Whole grey levels, no longer in HU.

    Raises
    ------
    UsageError
        If the window is empty.
    """
    require_hu(ct)
    if not low_hu < high_hu:
        raise UsageError(f"a window needs low < high, got {low_hu} to {high_hu} HU.")
    share = np.clip((ct.hu - low_hu) / (high_hu - low_hu), 0, 1)
    return replace(ct, hu=np.rint(share * 255).astype(np.float32), is_hu=False)
