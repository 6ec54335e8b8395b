"""Numbers, smooth landscapes and grain, drawn at random for a batch of slices."""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["grain", "hills", "uniform"]


def uniform(n: int, low: float, high: float, rng: torch.Generator) -> torch.Tensor:
    """Draw a number for each of n slices, (N, 1, 1, 1)."""
    return (torch.rand(n, generator=rng) * (high - low) + low).view(-1, 1, 1, 1)


def hills(shape: torch.Size, cells: int, rng: torch.Generator) -> torch.Tensor:
    """Draw a smooth landscape of so many hills along a side, (N, 1, H, W)."""
    heights = torch.randn(shape[0], 1, cells, cells, generator=rng)
    return F.interpolate(heights, size=shape[2:], mode="bicubic")


def grain(shape: torch.Size, rng: torch.Generator) -> torch.Tensor:
    """Draw noise of standard deviation 1, as coarse as a scanner's."""
    noise = torch.randn(shape, generator=rng)
    return 3 * F.avg_pool2d(noise, 3, stride=1, padding=1)
