"""Fill part of a lung, as dense disease does: a network must still find its outline.

A threshold loses what is as dense as the chest wall, and few scans at hand show a lung
that is.  Not from the papers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from covseg_core.transforms.texture import grain, hills, median_grey, per_slice

__all__ = ["fill_lungs"]

OPACITY, CONSOLIDATION = (0.45, 0.92), (0.92, 1.08)
"""Grey, as a share of that of the chest wall."""
BRIGHT = 0.6
"""The chest wall is the median of what is brighter, outside the lungs."""
COARSE, FINE = 6, 24
"""Patches are about this part of a slice, and their edges are ragged by that."""
RIM = 2
"""Pixels beyond the lungs that are filled: half air, they would tell the outline."""


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
        New pixels, same shape; none gets darker or changes more than `RIM` pixels
        beyond the lungs.
    """
    n, _, height, _ = pixels.shape

    def each(low: float, high: float) -> torch.Tensor:
        return per_slice(n, rng, low, high)

    chosen = each(0, 1) < chance
    # Disease lies at the back more often than not, where rows end.
    back = torch.linspace(-1, 1, height).view(1, 1, height, 1)
    land = hills(pixels.shape, COARSE, rng) + each(-0.5, 1.5) * back
    land = land + each(0, 0.6) * hills(pixels.shape, FINE, rng)
    lungs = (labels > 0)[:, None]
    reach = F.max_pool2d(lungs.float(), 2 * RIM + 1, stride=1, padding=RIM)
    weight = torch.sigmoid((land - each(-0.3, 1.5)) * each(4, 30))
    weight = weight * reach * chosen * each(0.85, 1.0)
    share = torch.where(each(0, 1) < 0.4, each(*OPACITY), each(*CONSOLIDATION))
    grey = share * _wall(pixels, lungs) + each(0, 0.03) * grain(pixels.shape, rng)
    return pixels + weight * (torch.maximum(grey.clamp(0, 1), pixels) - pixels)


def _wall(pixels: torch.Tensor, lungs: torch.Tensor) -> torch.Tensor:
    """Find the grey of the chest wall of every slice, (N, 1, 1, 1); 1 without one."""
    return median_grey(pixels, ~lungs & (pixels >= BRIGHT), 1.0)
