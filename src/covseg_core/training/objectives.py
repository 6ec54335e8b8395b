"""What each architecture is trained to do, as a loss on slices and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.losses import class_loss, infnet_loss

if TYPE_CHECKING:
    import torch

    from covseg_core.losses import Weighting
    from covseg_core.models.infnet import InfNet
    from covseg_core.models.multi_infnet import MultiInfNet
    from covseg_core.training.fit import SliceLoss

__all__ = ["infection_objective", "second_stage_objective"]


def infection_objective(network: InfNet, weighting: Weighting = "paper") -> SliceLoss:
    """Train Inf-Net to find infection of any class."""

    def loss(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        network.train()
        output = network(pixels)
        infected = (labels > 0).float()[:, None]
        return infnet_loss(output.maps, output.edge, infected, weighting)

    return loss


def second_stage_objective(network: MultiInfNet) -> SliceLoss:
    """Train the second stage on priors as predicted; the prior network rests.

    The published code trains on the true mask as prior and meets a predicted
    one for the first time when it is tested; here both see predictions.
    """
    network.prior.requires_grad_(requires_grad=False)

    def loss(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        network.train()
        network.prior.eval()
        return class_loss(network(pixels).logits, labels)

    return loss
