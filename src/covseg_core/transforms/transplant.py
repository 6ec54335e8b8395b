"""Put the lesions of one slice into the lung of another.

The slice with a foreign lesion has a known answer, and so has its original: what
healthy lung looks like under the lesion.  Not from the papers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from covseg_core.labels import (
    NOT_INFECTED,
    UNKNOWN_CLASS,
    UNLABELLED,
    Tissue,
)

__all__ = ["Transplant", "graft", "is_lesion", "transplant"]

AIR_GREY = 0.5
"""Below it lies lung that holds air, where nobody said what a pixel is."""
SOFT_PIXELS = 5
LEAST_OPACITY = 0.6
DARK, BRIGHT = 0.05, 0.95
"""Quantiles of a slice that tell its window: air of the lungs, and the chest wall."""
LEAST_SPAN = 0.05


class Transplant(NamedTuple):
    """Slices with the lesions of others in them.

    Attributes
    ----------
    grey : Tensor
        The new slices, (N, 1, H, W) in [0, 1].
    labels : Tensor
        Their labels, (N, H, W).
    placed : Tensor of bool
        Where a lesion was put, (N, H, W).
    """

    grey: torch.Tensor
    labels: torch.Tensor
    placed: torch.Tensor


def is_lesion(labels: torch.Tensor) -> torch.Tensor:
    """Mark the pixels that are labelled as infected, of whatever class."""
    known = (labels == Tissue.GGO) | (labels == Tissue.CONSOLIDATION)
    return known | (labels == UNKNOWN_CLASS)


def transplant(
    grey: torch.Tensor,
    labels: torch.Tensor,
    rng: torch.Generator | None = None,
    *,
    alike: bool = False,
) -> Transplant:
    """Give every slice the lesions of another one of the batch.

    Parameters
    ----------
    grey : Tensor of float, shape (N, 1, H, W)
        In [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        `labels.Tissue`, or a code for what is known in part.
    rng : torch.Generator, optional
        Source of random numbers; torch's own state if not given.
    alike : bool
        Bring a lesion to the window of the slice that takes it, so that what is dark
        and what is bright in either slice has the same grey.

    Notes
    -----
    A lesion is put only where lung
    is: labelled healthy or, where nobody said, darker than soft tissue.
    """
    donor = torch.randperm(len(grey), generator=rng).to(grey.device)
    placed = is_lesion(labels[donor]) & _takes(grey, labels)
    soft = F.avg_pool2d(
        placed[:, None].to(grey), SOFT_PIXELS, stride=1, padding=SOFT_PIXELS // 2
    )
    strength = torch.rand(len(grey), 1, 1, 1, generator=rng)
    opacity = LEAST_OPACITY + (1 - LEAST_OPACITY) * strength
    weight = opacity.to(grey) * soft * placed[:, None]
    # A lesion only ever adds to what is there: vessels stay brighter than it.
    lesions = _in_window_of(grey, grey[donor]) if alike else grey[donor]
    brighter = torch.maximum(lesions, grey)
    mixed = grey + weight * (brighter - grey)
    return Transplant(mixed, torch.where(placed, labels[donor], labels), placed)


def graft(
    grey: torch.Tensor,
    labels: torch.Tensor,
    chance: float,
    rng: torch.Generator,
    *,
    tissues: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give some slices the lesions of others.

    Parameters
    ----------
    grey : Tensor of float, shape (N, 1, H, W)
        In [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        0 where there is no lesion, in the lungs or beside them.
    chance : float
        That a slice gets any.
    rng : torch.Generator
        Source of random numbers.
    tissues : bool
        Whether labels are those of `transplant`, of which 0 is outside the lungs.

    Returns
    -------
    tuple of Tensor
        New slices and labels, same shapes.
    """
    chosen = torch.rand(len(grey), generator=rng) < chance
    known = labels if tissues else torch.where(labels == 0, NOT_INFECTED, labels)
    new = transplant(grey, known, rng)
    mixed = torch.where(chosen.view(-1, 1, 1, 1), new.grey, grey)
    placed = new.placed & chosen.view(-1, 1, 1)
    return mixed, torch.where(placed, new.labels, labels)


def _takes(grey: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    smooth = F.avg_pool2d(grey, SOFT_PIXELS, stride=1, padding=SOFT_PIXELS // 2)
    unsaid = (labels == UNLABELLED) | (labels == NOT_INFECTED)
    return (labels == Tissue.HEALTHY) | (unsaid & (smooth[:, 0] < AIR_GREY))


def _in_window_of(target: torch.Tensor, grey: torch.Tensor) -> torch.Tensor:
    """Stretch slices so that their dark and bright are those of `target`."""
    at = torch.tensor((DARK, BRIGHT)).to(grey)
    low, high = _quantiles(grey, at)
    new_low, new_high = _quantiles(target, at)
    stretched = (grey - low) / (high - low).clamp(min=LEAST_SPAN)
    return (new_low + stretched * (new_high - new_low)).clamp(0, 1)


def _quantiles(grey: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Quantiles of every slice, (2, N, 1, 1, 1)."""
    return grey.flatten(1).quantile(at, dim=1)[..., None, None, None]
