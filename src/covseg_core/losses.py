"""What training makes small.

`infnet_loss` is the loss of Fan et al., "Inf-Net: Automatic COVID-19 lung
infection segmentation from CT images", IEEE TMI 39(8), 2020.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F

from covseg_core.labels import UNKNOWN_CLASS

__all__ = [
    "class_loss",
    "infection_logits",
    "infnet_loss",
    "lesion_edges",
    "segmentation_loss",
    "soft_dice",
]

Weighting = Literal["paper", "released"]


def lesion_edges(mask: torch.Tensor) -> torch.Tensor:
    """Mark the inner border of a mask.

    Parameters
    ----------
    mask : Tensor of float, shape (N, 1, H, W)
        0 or 1, after augmentation.

    Returns
    -------
    Tensor of float, shape (N, 1, H, W)
        1 where the mask is 1 and one of its 8 neighbours is 0.
    """
    eroded = -F.max_pool2d(-mask, kernel_size=3, stride=1, padding=1)
    return mask - eroded


def segmentation_loss(
    logits: torch.Tensor, mask: torch.Tensor, weighting: Weighting = "paper"
) -> torch.Tensor:
    """Compute weighted IoU plus weighted binary cross-entropy.

    Parameters
    ----------
    logits, mask : Tensor of float, shape (N, 1, H, W)
        The mask is 0 or 1.
    weighting : {"paper", "released"}
        The released code takes the plain mean of the cross-entropy.

    Returns
    -------
    Tensor, shape ()
        Mean over the batch.

    Notes
    -----
    The weight is 1 + 5·|mean of the mask in 31×31 − mask|: pixels near a border
    count up to six times.
    """
    return _weighted(logits, mask, border_weight(mask), weighting)


def border_weight(mask: torch.Tensor) -> torch.Tensor:
    """Weigh pixels near a border of the mask up to six times; (N, 1, H, W)."""
    # The mean of 31x31, one axis after the other.
    rows = F.avg_pool2d(mask, kernel_size=(31, 1), stride=1, padding=(15, 0))
    nearby = F.avg_pool2d(rows, kernel_size=(1, 31), stride=1, padding=(0, 15))
    return 1 + 5 * (nearby - mask).abs()


def _weighted(
    logits: torch.Tensor,
    mask: torch.Tensor,
    weight: torch.Tensor,
    weighting: Weighting,
) -> torch.Tensor:
    entropy = F.binary_cross_entropy_with_logits(logits, mask, reduction="none")
    if weighting == "paper":
        entropy = (weight * entropy).sum((2, 3)) / weight.sum((2, 3))
    probability = logits.sigmoid()
    both = (probability * mask * weight).sum((2, 3))
    either = ((probability + mask) * weight).sum((2, 3))
    iou = 1 - (both + 1) / (either - both + 1)
    return entropy.mean() + iou.mean()


def infnet_loss(
    maps: tuple[torch.Tensor, ...],
    edge: torch.Tensor,
    mask: torch.Tensor,
    weighting: Weighting = "paper",
) -> torch.Tensor:
    """Compute the loss of Inf-Net: every map, and the edge.

    Parameters
    ----------
    maps : tuple of Tensor, each (N, 1, H, W)
        Logits of the reverse attention modules and of the global map.
    edge : Tensor, shape (N, 1, H, W)
        Logits of the edge.
    mask : Tensor of float, shape (N, 1, H, W)
        0 or 1.
    weighting : {"paper", "released"}
        See `segmentation_loss`.
    """
    edge_loss = F.binary_cross_entropy_with_logits(edge, lesion_edges(mask))
    weight = border_weight(mask)
    losses = [_weighted(logits, mask, weight, weighting) for logits in maps]
    return edge_loss + torch.stack(losses).sum()


def class_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute cross-entropy plus soft Dice of the classes, where they are known.

    Parameters
    ----------
    logits : Tensor, shape (N, 3, H, W)
        Background, ground-glass opacity, consolidation.
    labels : Tensor of int64, shape (N, H, W)
        0, 1, 2, or 255 for infected of unknown class.

    Notes
    -----
    A pixel of unknown class is pulled away from background and towards neither
    class: its loss is the negative log of P(opacity) + P(consolidation).
    """
    log_p = logits.log_softmax(dim=1)
    known = labels != UNKNOWN_CLASS
    entropy = F.nll_loss(log_p, labels.where(known, 0), reduction="none")
    infected = -log_p[:, 1:].logsumexp(dim=1)
    return torch.where(known, entropy, infected).mean() + soft_dice(
        log_p.exp(), labels, known
    )


def infection_logits(logits: torch.Tensor) -> torch.Tensor:
    """Join the classes: logits (N, 1, H, W) of any but background.

    Parameters
    ----------
    logits : Tensor, shape (N, C, H, W)
        Background first.
    """
    return logits[:, 1:].logsumexp(dim=1, keepdim=True) - logits[:, :1]


def soft_dice(
    probability: torch.Tensor, labels: torch.Tensor, known: torch.Tensor
) -> torch.Tensor:
    """Compute 1 - soft Dice, mean over the classes but background.

    Parameters
    ----------
    probability : Tensor, shape (N, C, H, W)
        Background first.
    labels : Tensor of int64, shape (N, H, W)
        Class of every pixel; another value is none of them.
    known : Tensor of bool, shape (N, H, W)
        Where the labels can be trusted.
    """
    losses = []
    for value in range(1, probability.shape[1]):
        truth = (labels == value).float()
        guess = probability[:, value] * known
        both = (truth * guess).sum()
        losses.append(1 - (2 * both + 1) / (truth.sum() + guess.sum() + 1))
    return torch.stack(losses).mean()
