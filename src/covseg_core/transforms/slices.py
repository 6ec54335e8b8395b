"""From slices to what a network sees, and from its answer back to the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from covseg_core.transforms.prepare import Prepare

__all__ = ["normalise", "resize", "restore_slices", "window_slices"]


def window_slices(
    grey: npt.NDArray[np.float32 | np.uint8], prepare: Prepare, *, is_hu: bool
) -> torch.Tensor:
    """Window and resize slices.

    Parameters
    ----------
    grey : ndarray, shape (N, H, W)
        HU when `is_hu`, else grey levels 0-255.
    prepare : Prepare
        From the model card.
    is_hu : bool
        Which of the two `grey` holds.

    Returns
    -------
    Tensor of float32, shape (N, 1, size, size)
        In [0, 1].
    """
    low, high = (
        (prepare.window_low_hu, prepare.window_high_hu) if is_hu else (0.0, 255.0)
    )
    # A copy: torch takes neither read-only arrays nor negative strides.
    pixels = torch.from_numpy(np.array(grey, dtype=np.float32, order="C"))
    pixels = ((pixels - low) / (high - low)).clamp(0, 1)
    return resize(pixels[:, None], (prepare.size, prepare.size))


def normalise(pixels: torch.Tensor, prepare: Prepare) -> torch.Tensor:
    """Turn grey in [0, 1], (N, 1, H, W), into what a network sees, (N, 3, H, W)."""
    mean = torch.tensor(prepare.mean).view(1, 3, 1, 1)
    std = torch.tensor(prepare.std).view(1, 3, 1, 1)
    return (pixels - mean.to(pixels)) / std.to(pixels)


def restore_slices(
    probabilities: torch.Tensor, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Resize a network's answer (N, C, h, w) back to slices (N, C, H, W)."""
    return np.asarray(resize(probabilities.float(), shape).clamp_(0, 1).cpu().numpy())


def resize(pixels: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Resize (N, C, H, W) by antialiased bilinear interpolation."""
    if tuple(pixels.shape[-2:]) == shape:
        return pixels.clone()
    return F.interpolate(
        pixels, size=shape, mode="bilinear", align_corners=False, antialias=True
    )
