"""Put gas beside the lungs, as in stomach and bowel: it is dark, and no lung.

Few scans at hand reach far enough down to show much of it.  Not from the papers.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from covseg_core.transforms.texture import grain, hills, median_grey, per_slice

__all__ = ["put_gas"]

BUBBLES = 3
TISSUE = 0.6
"""Grey of what is no air, outside the lungs."""
WALL = 2
"""Pixels that stay between gas and lung, and between gas and the air outside."""
RADIUS = (0.02, 0.15)
"""Of a bubble, as a share of the width of a slice."""
AIR = (0.02, 0.45)
"""Gas is as grey as the median of what lies between; what is black was never seen."""
USUAL_AIR = 0.23
"""Of -1000 HU in the usual window, where a slice shows no air."""


def put_gas(
    pixels: torch.Tensor, labels: torch.Tensor, chance: float, rng: torch.Generator
) -> torch.Tensor:
    """Put bubbles of gas into the tissue of some slices.

    Parameters
    ----------
    pixels : Tensor of float, shape (N, 1, H, W)
        Grey in [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        Above 0 in the lungs.
    chance : float
        That a slice gets any.
    rng : torch.Generator
        Source of every random number.

    Returns
    -------
    Tensor
        New pixels, same shape; those of the lungs are as they were.
    """
    n = len(pixels)
    tissue = _inner_tissue(pixels, labels)
    gas = torch.zeros_like(tissue)
    for _ in range(BUBBLES):
        gas |= _bubbles(tissue, rng) & (per_slice(n, rng, 0, 1) < 0.5)
    chosen = per_slice(n, rng, 0, 1) < chance
    soft = F.avg_pool2d((gas & tissue & chosen).float(), 3, stride=1, padding=1)
    grey = _air(pixels, labels) + per_slice(n, rng, -0.02, 0.06)
    grey = grey + per_slice(n, rng, 0, 0.03) * grain(pixels.shape, rng)
    return pixels + soft * (grey.clamp(0, 1) - pixels)


def _inner_tissue(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mark the tissue that is `WALL` pixels away from all else."""
    other = (pixels < TISSUE) | (labels > 0)[:, None]
    side = 2 * WALL + 1
    return F.max_pool2d(other.float(), side, stride=1, padding=WALL) == 0


def _air(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Find the grey of the air about the patient in every slice, (N, 1, 1, 1)."""
    low, high = AIR
    dark = (pixels >= low) & (pixels <= high) & (labels == 0)[:, None]
    return median_grey(pixels, dark, USUAL_AIR)


def _bubbles(tissue: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Draw one bubble in the tissue of every slice, level where it meets a fluid."""
    n, _, height, width = tissue.shape
    # Where there is no tissue the centre does not matter.
    likely = tissue.flatten(1).float() + 1e-9
    centre = torch.multinomial(likely, 1, generator=rng)[:, 0]
    y = torch.arange(height).view(1, 1, -1, 1) - (centre // width).view(-1, 1, 1, 1)
    x = torch.arange(width).view(1, 1, 1, -1) - (centre % width).view(-1, 1, 1, 1)
    long = per_slice(n, rng, *RADIUS) * width
    short = long * per_slice(n, rng, 0.4, 1)
    angle = per_slice(n, rng, 0, math.pi)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    far = (along / long) ** 2 + (across / short) ** 2
    ragged = 0.25 * hills(tissue.shape, 16, rng)
    # Patients lie on their backs: the fluid is below.
    return (far + ragged < 1) & (y < per_slice(n, rng, -0.3, 1.5) * short)
