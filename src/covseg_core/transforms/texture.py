"""What changes of slices are drawn with: random numbers, landscapes, grain, greys."""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["grain", "hills", "median_grey", "per_slice", "uniform"]


def uniform(
    n: int, rng: torch.Generator, low: float = -1, high: float = 1
) -> torch.Tensor:
    """Draw n numbers between `low` and `high`, (N,)."""
    return torch.rand(n, generator=rng) * (high - low) + low


def per_slice(
    n: int, rng: torch.Generator, low: float = -1, high: float = 1
) -> torch.Tensor:
    """Draw a number for each of n slices, (N, 1, 1, 1)."""
    return uniform(n, rng, low, high).view(-1, 1, 1, 1)


def hills(shape: torch.Size, cells: int, rng: torch.Generator) -> torch.Tensor:
    """Draw a smooth landscape of so many hills along a side, (N, 1, H, W)."""
    heights = torch.randn(shape[0], 1, cells, cells, generator=rng)
    return F.interpolate(heights, size=shape[2:], mode="bicubic")


def grain(shape: torch.Size, rng: torch.Generator) -> torch.Tensor:
    """Draw noise of standard deviation 1, as coarse as a scanner's."""
    noise = torch.randn(shape, generator=rng)
    return 3 * F.avg_pool2d(noise, 3, stride=1, padding=1)


def median_grey(
    pixels: torch.Tensor, known: torch.Tensor, otherwise: float
) -> torch.Tensor:
    """Find the median of the `known` pixels of every slice, (N, 1, 1, 1)."""
    grey = pixels.masked_fill(~known, torch.nan).flatten(1).nanmedian(dim=1).values
    return grey.nan_to_num(otherwise).view(-1, 1, 1, 1)
