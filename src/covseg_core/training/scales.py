"""Slices at other sizes, for training at several scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F

from covseg_core.transforms.slices import resize

if TYPE_CHECKING:
    import torch

    from covseg_core.training.config import TrainSettings
    from covseg_core.transforms.prepare import Prepare

__all__ = ["at_size", "sizes_of"]

FACTORS = (0.75, 1.0, 1.25)
STRIDE = 32


def sizes_of(prepare: Prepare, settings: TrainSettings) -> tuple[int, ...]:
    """List the sizes that a step is taken at, in pixels, multiples of 32.

    352 gives 256, 352 and 448, as published.
    """
    if not settings.multi_scale:
        return (prepare.size,)
    sizes = (round(prepare.size * factor / STRIDE) * STRIDE for factor in FACTORS)
    return tuple(max(size, STRIDE) for size in sizes)


def at_size(
    pixels: torch.Tensor, labels: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Resize slices (N, 1, H, W) and labels (N, H, W) to `size` rows and columns."""
    if labels.shape[-1] == size:
        return pixels, labels
    moved = F.interpolate(labels[:, None].float(), (size, size), mode="nearest-exact")
    return resize(pixels, (size, size)), moved[:, 0].to(labels.dtype)
