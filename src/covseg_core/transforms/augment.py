"""Change a training slice at random: image and labels together.

Spatial changes move image and labels alike, labels by nearest neighbour;
intensity changes touch the image only.  Edges are made afterwards, from the
changed labels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from covseg_core.labels import Lung
from covseg_core.transforms.fill_lungs import fill_lungs
from covseg_core.transforms.put_gas import put_gas
from covseg_core.transforms.texture import per_slice, uniform
from covseg_core.transforms.transplant import graft

if TYPE_CHECKING:
    from covseg_core.transforms.augment_config import Augment

__all__ = ["augment_slices"]

CROP_SIDE = 0.8
"""Side of a random crop, as the papers have it."""
COARSEST = 3.0
"""Side of the coarsest pixels, in pixels."""


def augment_slices(
    pixels: torch.Tensor,
    labels: torch.Tensor,
    augment: Augment,
    rng: torch.Generator,
    *,
    sided: bool = False,
    tissues: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Change a batch of slices, each in its own way.

    Parameters
    ----------
    pixels : Tensor of float, shape (N, 1, H, W)
        Grey in [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        Classes.
    augment : Augment
        How strongly.
    rng : torch.Generator
        Source of every random number.
    sided : bool
        Whether the labels are `labels.Lung`: they change sides in a mirror, dense
        disease is put into them and gas beside them.
    tissues : bool
        Whether the labels are `labels.Tissue`: no lesion is put where they say
        outside.

    Returns
    -------
    tuple of Tensor
        New pixels in [0, 1] and labels, same shapes.
    """
    affines = _affines(len(pixels), augment, rng)
    grid = F.affine_grid(affines, list(pixels.shape), align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    # float32 holds every label exactly; outside the picture is background.
    moved = F.grid_sample(
        labels[:, None].float(), grid, mode="nearest", align_corners=False
    )
    labels = moved[:, 0].round().long()
    if sided:
        labels = _on_their_sides(labels, affines)
        pixels = put_gas(pixels, labels, augment.gas, rng)
        pixels = fill_lungs(pixels, labels, augment.dense, rng)
    elif augment.transplant:
        chance = augment.transplant
        pixels, labels = graft(pixels, labels, chance, rng, tissues=tissues)
    return _change_grey(pixels, augment, rng), labels


def _on_their_sides(labels: torch.Tensor, affines: torch.Tensor) -> torch.Tensor:
    mirrored = affines[:, 0, 0] < 0
    swapped = torch.where(labels > 0, sum(Lung) - labels, labels)
    return torch.where(mirrored.view(-1, 1, 1), swapped, labels)


def _affines(n: int, augment: Augment, rng: torch.Generator) -> torch.Tensor:
    angle = uniform(n, rng) * math.radians(augment.turn)
    zoom_x, zoom_y = (1 + augment.zoom * uniform(n, rng) for _ in range(2))
    mirror_x, mirror_y = (
        torch.where(uniform(n, rng, 0) < chance, -1.0, 1.0)
        for chance in (augment.flip, augment.upside_down)
    )
    shift_x, shift_y = (2 * augment.shift * uniform(n, rng) for _ in range(2))
    cropped = uniform(n, rng, 0) < augment.crop
    side = torch.where(cropped, CROP_SIDE, 1.0)
    # A crop lies anywhere in the slice: its centre moves by half of what it leaves.
    left, up = ((1 - side) * uniform(n, rng) for _ in range(2))
    cos, sin = angle.cos(), angle.sin()
    zoom_x, zoom_y = side * zoom_x, side * zoom_y
    rows = [mirror_x * zoom_x * cos, -mirror_y * zoom_x * sin, shift_x + left]
    rows += [mirror_x * zoom_y * sin, mirror_y * zoom_y * cos, shift_y + up]
    return torch.stack(rows, dim=1).view(n, 2, 3)


def _change_grey(
    pixels: torch.Tensor, augment: Augment, rng: torch.Generator
) -> torch.Tensor:
    def each(low: float = -1, high: float = 1) -> torch.Tensor:
        return per_slice(len(pixels), rng, low, high)

    soft = F.avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
    pixels = torch.where(each(0) < augment.blur, soft, pixels)
    pixels = _coarsen(pixels, augment, rng)
    middle = pixels.mean((2, 3), keepdim=True)
    pixels = (pixels - middle) * (1 + augment.contrast * each()) + middle
    pixels = (pixels + augment.brightness * each()).clamp(0, 1)
    pixels = pixels ** (augment.gamma * each()).exp()
    noise = torch.randn(pixels.shape, generator=rng)
    pixels = (pixels + noise * augment.noise * each(0)).clamp(0, 1)
    return _cut_out(pixels, augment, rng)


def _coarsen(
    pixels: torch.Tensor, augment: Augment, rng: torch.Generator
) -> torch.Tensor:
    n, _, height, width = pixels.shape
    for i in (uniform(n, rng, 0) < augment.coarse).nonzero().flatten().tolist():
        factor = float(uniform(1, rng, 1, COARSEST))
        small = (max(round(height / factor), 1), max(round(width / factor), 1))
        few = F.interpolate(pixels[i : i + 1], size=small, mode="area")
        pixels[i] = F.interpolate(few, size=(height, width), mode="bilinear")[0]
    return pixels


def _cut_out(
    pixels: torch.Tensor, augment: Augment, rng: torch.Generator
) -> torch.Tensor:
    n, _, height, width = pixels.shape
    for i in (uniform(n, rng, 0) < augment.cutout).nonzero().flatten().tolist():
        tallness, y, x, grey = uniform(4, rng, 0).tolist()
        rows, columns = _sides(augment.cutout_share, tallness)
        rows, columns = max(round(height * rows), 1), max(round(width * columns), 1)
        top, left = round(y * (height - rows)), round(x * (width - columns))
        pixels[i, :, top : top + rows, left : left + columns] = grey
    return pixels


def _sides(share: float, tallness: float) -> tuple[float, float]:
    """Choose the sides of a rectangle, as shares of the slice's, from its area."""
    # From twice as wide as tall to twice as tall as wide, and never beyond the slice.
    stretch = min(2 ** (tallness - 0.5), share**-0.5)
    stretch = max(stretch, share**0.5)
    return share**0.5 * stretch, share**0.5 / stretch
