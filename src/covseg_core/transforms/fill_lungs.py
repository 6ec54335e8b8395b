"""Fill part of a lung, as dense disease does: a network must still find its outline.

A threshold loses what is as dense as the chest wall, and few scans at hand show a lung
that is.  Not from the papers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["fill_lungs"]

OPACITY, CONSOLIDATION = (0.45, 0.85), (0.85, 0.97)
"""Grey, in a window of -1350 to 150 HU; the latter is that of the chest wall."""
COARSE = 6
"""Patches are about this part of a slice."""


def fill_lungs(
    pixels: torch.Tensor, labels: torch.Tensor, chance: float, rng: torch.Generator
) -> torch.Tensor:
    """Put patches of disease into the lungs of some slices.

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
        New pixels, same shape; no pixel gets darker or changes beyond the lungs.
    """
    n, _, height, width = pixels.shape

    def each(low: float, high: float) -> torch.Tensor:
        return (torch.rand(n, generator=rng) * (high - low) + low).view(-1, 1, 1, 1)

    chosen = each(0, 1) < chance
    hills = torch.randn(n, 1, COARSE, COARSE, generator=rng)
    # Disease lies at the back more often than not, where rows end.
    back = torch.linspace(-1, 1, COARSE).view(1, 1, COARSE, 1)
    hills = F.interpolate(
        hills + each(-0.5, 1.5) * back, size=(height, width), mode="bicubic"
    )
    inside = (labels > 0)[:, None]
    weight = torch.sigmoid((hills - each(-0.5, 1.5)) * each(4, 20))
    weight = weight * inside * chosen * each(0.6, 1.0)
    grey = torch.where(each(0, 1) < 0.5, each(*OPACITY), each(*CONSOLIDATION))
    grey = grey + 0.03 * torch.randn(pixels.shape, generator=rng)
    return pixels + weight * (torch.maximum(grey, pixels) - pixels)
