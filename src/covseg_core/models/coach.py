"""The coach: it chooses what of a slice is erased, so that repainting stays hard.

After the self-supervised Inf-Net: the network that repaints wants a small error, the
coach a large one, and a fixed share of the slice is kept whatever the coach says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from covseg_core.models.network import require_size

if TYPE_CHECKING:
    from covseg_core.models.backbones import Backbone

__all__ = ["CELL", "Coach", "CoachOutput", "keep_best", "keep_softly"]

CELL = 16
"""Side of the squares that are erased or kept as a whole, in pixels."""

BOTTLENECK = 100
LOG_VARIANCES = (-10.0, 10.0)


class CoachOutput(NamedTuple):
    """What the coach makes of slices.

    Attributes
    ----------
    scores : Tensor
        (N, 1, H / 16, W / 16); what scores high is kept.
    divergence : Tensor
        Of the bottleneck from N(0, 1), in nats, mean over slices; a scalar.
    """

    scores: Tensor
    divergence: Tensor


class Coach(nn.Module):
    """Scores cells of slices through a variational bottleneck of 100 channels.

    Parameters
    ----------
    encoder : Backbone
        Like that of the network that repaints, and not shared with it.
    """

    def __init__(self, encoder: Backbone) -> None:
        super().__init__()
        self.encoder = encoder
        seen = sum(encoder.channels[-2:])
        self.bottleneck = nn.Conv2d(seen, 2 * BOTTLENECK, 1)
        self.score = nn.Conv2d(BOTTLENECK, 1, 1)

    def forward(self, x: Tensor) -> CoachOutput:
        """Score the cells of slices.

        Parameters
        ----------
        x : Tensor
            (N, channels, H, W), normalised; H and W multiples of 32.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        require_size(x)
        cells = [side // CELL for side in x.shape[-2:]]
        coarse = [_resize(feature, cells) for feature in self.encoder(x)[-2:]]
        mean, log_variance = self.bottleneck(torch.cat(coarse, dim=1)).chunk(2, dim=1)
        log_variance = log_variance.clamp(*LOG_VARIANCES)
        z = mean
        if self.training:
            z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        surprise = mean.square() + log_variance.exp() - 1 - log_variance
        return CoachOutput(self.score(z), surprise.sum() / 2 / len(x))


def keep_softly(scores: Tensor, share: float, sharpness: float) -> Tensor:
    """Give every cell a weight: M = σ(α·B̂), with B̂ = B − its k-th largest.

    Parameters
    ----------
    scores : Tensor
        B, (N, 1, h, w).
    share : float
        k, of the cells whose weight is at least 1/2.
    sharpness : float
        α; the larger, the closer the weights are to 0 and 1.

    Returns
    -------
    Tensor
        In [0, 1], like `scores`.
    """
    best = scores.flatten(1).topk(_count(scores, share), dim=1).values
    return torch.sigmoid(sharpness * (scores - best[:, -1].view(-1, 1, 1, 1)))


def keep_best(scores: Tensor, share: float) -> Tensor:
    """Keep the cells that score highest, `share` of them, and erase the others.

    Returns
    -------
    Tensor
        1 or 0, like `scores`.
    """
    flat = scores.flatten(1)
    best = flat.topk(_count(scores, share), dim=1).indices
    return torch.zeros_like(flat).scatter(1, best, 1).view_as(scores)


def _count(scores: Tensor, share: float) -> int:
    """Count the cells that are kept: some, and never all."""
    cells = scores.shape[-2] * scores.shape[-1]
    return min(max(round(share * cells), 1), cells - 1)


def _resize(feature: Tensor, cells: list[int]) -> Tensor:
    return functional.interpolate(
        feature, size=cells, mode="bilinear", align_corners=False
    )
