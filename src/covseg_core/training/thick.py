"""Show slices as a scan with thicker ones would.

What lies in a thick slice is blurred through the plane: above the dome of the diaphragm
it shows lung and liver at once, as grey as disease.  Not from the papers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from covseg_core.transforms.texture import per_slice

if TYPE_CHECKING:
    from covseg_core.training.data import TrainingSlices

__all__ = ["thickened"]

REACH = 4
"""Slices on either side that may be averaged with one."""
THINNEST_MM, THICKEST_MM = 0.5, 6.0
"""Standard deviation of the profile of a slice: 6 mm is as thick as 14 mm."""


def thickened(
    data: TrainingSlices, chosen: torch.Tensor, chance: float, rng: torch.Generator
) -> torch.Tensor:
    """Take slices, some of them averaged with those that lie below and above.

    Parameters
    ----------
    data : TrainingSlices
        What is taken from.
    chosen : Tensor of int64, shape (N,)
        Which slices; their labels stay true, as each remains the middle of its average.
    chance : float
        That a slice is averaged; a picture has nothing beside it and stays.
    rng : torch.Generator
        Source of random numbers.

    Returns
    -------
    Tensor of float, shape (N, 1, H, W)
        Grey in [0, 1].
    """
    pixels = data.pixels[chosen].float()
    if not chance:
        return pixels
    thick = per_slice(len(chosen), rng, 0) < chance
    sigma_mm = per_slice(len(chosen), rng, THINNEST_MM, THICKEST_MM)
    total = torch.ones_like(sigma_mm)
    for step in (step for step in range(-REACH, REACH + 1) if step):
        beside = (chosen + step).clamp(0, len(data) - 1)
        away_mm = (data.heights_mm[beside] - data.heights_mm[chosen]).view(thick.shape)
        share = (-(away_mm**2) / (2 * sigma_mm**2)).exp().float()
        is_there = (beside == chosen + step).view(thick.shape)
        weight = share * (thick & is_there)
        pixels += weight * data.pixels[beside]
        total += weight
    return pixels / total
