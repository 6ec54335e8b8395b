"""What each architecture is trained to do, as a loss on slices and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.losses import (
    class_loss,
    infection_logits,
    infnet_loss,
    segmentation_loss,
)
from covseg_core.models.encoder_unet import EncoderUNet
from covseg_core.models.infnet import InfNet
from covseg_core.models.infnet_joint import InfNetJoint
from covseg_core.models.multi_infnet import MultiInfNet
from covseg_core.models.stichnet import StichNet
from covseg_core.training.stitching import stitching_objective

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from covseg_core.losses import Weighting
    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.training.fit import SliceLoss

__all__ = ["objective_for"]

PRIOR_SHARE = 0.2
"""Inf-Net has five maps to say one thing with, the classes have one."""


def objective_for(
    network: SegmentationNetwork,
    weighting: Weighting = "paper",
    run: Callable[[torch.Tensor], Any] | None = None,
) -> SliceLoss:
    """Choose what a network is trained to do.

    Inf-Net learns infection of any class.  The two-class networks learn infection
    and its classes at once, the second stage of `MultiInfNet` on the priors that
    the first one predicts at that time: the published code trains it on the true
    mask and meets a predicted prior for the first time when it is tested.  A first
    stage whose weights need no gradient stays as it is.  What tells classes apart
    learns infection as a whole, too, slice by slice.

    Parameters
    ----------
    network : SegmentationNetwork
        What is trained.
    weighting : {"paper", "released"}
        See `losses.segmentation_loss`.
    run : callable, optional
        What runs `network`, if it has been wrapped for several devices.
    """
    forward = network if run is None else run
    if isinstance(network, StichNet):
        return stitching_objective(network, forward)
    compare = _comparison(network, weighting)

    def loss(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        _set_modes(network)
        return compare(forward(pixels), labels)

    return loss


def _comparison(
    network: SegmentationNetwork, weighting: Weighting
) -> Callable[[Any, torch.Tensor], torch.Tensor]:
    def infection(output: Any, labels: torch.Tensor) -> torch.Tensor:
        return infnet_loss(output.maps, output.edge, _infected(labels), weighting)

    def classes(output: Any, labels: torch.Tensor) -> torch.Tensor:
        joined = infection_logits(output.logits)
        whole = segmentation_loss(joined, _infected(labels), weighting)
        return class_loss(output.logits, labels) + whole

    def both(output: Any, labels: torch.Tensor) -> torch.Tensor:
        own = classes(output, labels)
        if _rests(network.prior):
            return own
        return own + PRIOR_SHARE * infection(output.prior, labels)

    def classes_or_infection(output: Any, labels: torch.Tensor) -> torch.Tensor:
        if output.logits.shape[1] > 1:
            return classes(output, labels)
        return segmentation_loss(output.logits, _infected(labels), weighting)

    if isinstance(network, InfNet):
        return infection
    if isinstance(network, MultiInfNet | InfNetJoint):
        return both
    if isinstance(network, EncoderUNet):
        return classes_or_infection
    raise TypeError(f"there is no objective for a {type(network).__name__}.")


def _infected(labels: torch.Tensor) -> torch.Tensor:
    return (labels > 0).float()[:, None]


def _rests(network: Any) -> bool:
    return not any(weight.requires_grad for weight in network.parameters())


def _set_modes(network: SegmentationNetwork) -> None:
    network.train()
    if isinstance(network, MultiInfNet) and _rests(network.prior):
        network.prior.eval()
