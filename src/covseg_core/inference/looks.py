"""Show a network a slice in another way, and turn its answer back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

__all__ = ["Look", "make_looks"]

LARGEST_TURN_DEGREES = 7.0
LARGEST_CONTRAST = 0.15
LARGEST_BRIGHTNESS = 0.05


@dataclass(frozen=True)
class Look:
    """One way to show a slice; the default one is as it is.

    Parameters
    ----------
    mirrored : bool
        Whether left and right change places.
    degrees : float
        How far it is turned about its middle.
    contrast, brightness : float
        Grey g in [0, 1] becomes ``contrast * (g - 0.5) + 0.5 + brightness``.
    """

    mirrored: bool = False
    degrees: float = 0.0
    contrast: float = 1.0
    brightness: float = 0.0

    def show(self, pixels: torch.Tensor) -> torch.Tensor:
        """Change grey slices (N, 1, H, W) in [0, 1]."""
        if self.degrees:
            pixels = _turn(pixels, self.degrees, "border")
        if self.mirrored:
            pixels = pixels.flip(-1)
        return (self.contrast * (pixels - 0.5) + 0.5 + self.brightness).clamp(0, 1)

    def undo(self, answer: torch.Tensor) -> torch.Tensor:
        """Turn an answer (N, C, H, W) back onto the pixels of the slices.

        What a turn moved out of the picture is 0.
        """
        if self.mirrored:
            answer = answer.flip(-1)
        return _turn(answer, -self.degrees, "zeros") if self.degrees else answer


def make_looks(count: int, seed: int) -> tuple[Look, ...]:
    """Draw ways to show a slice; the first is as it is, every second mirrored."""
    rng = np.random.default_rng(seed)
    looks = [Look()]
    for number in range(1, count):
        turn, contrast, brightness = rng.uniform(-1, 1, 3).tolist()
        looks.append(
            Look(
                number % 2 == 1,
                LARGEST_TURN_DEGREES * turn,
                1 + LARGEST_CONTRAST * contrast,
                LARGEST_BRIGHTNESS * brightness,
            )
        )
    return tuple(looks)


def _turn(pixels: torch.Tensor, degrees: float, padding: str) -> torch.Tensor:
    height, width = pixels.shape[-2:]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # Positions run from -1 to 1 along both sides, whatever their lengths.
    matrix = torch.tensor(
        [[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]]
    )
    grid = F.affine_grid(
        matrix.expand(len(pixels), 2, 3), list(pixels.shape), align_corners=False
    )
    return F.grid_sample(pixels, grid, padding_mode=padding, align_corners=False)
