"""How large and how slow a network is, counted and not timed."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from covseg_core.models import create_model

__all__ = ["Cost", "cost_of", "measure"]


class Cost(NamedTuple):
    """Size of a network.

    Attributes
    ----------
    parameters : int
        Trainable numbers.
    gmac : float
        Thousand millions of multiply-adds for one image.
    """

    parameters: int
    gmac: float


def measure(network: nn.Module, size: int = 352, in_channels: int = 3) -> Cost:
    """Count parameters and multiply-adds without running the network.

    Parameters
    ----------
    network : Module
        Takes (1, in_channels, size, size); it stays as it is.
    size : int
        Height and width of the image, in pixels.
    in_channels : int
        Channels of the image.
    """
    # Tensors on "meta" have a shape but no numbers, so nothing is computed.
    shadow = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shadow(torch.empty(1, in_channels, size, size, device="meta"))
    return Cost(
        sum(parameter.numel() for parameter in network.parameters()),
        counter.get_total_flops() / 2e9,
    )


def cost_of(architecture: str, size: int = 352, **arguments: Any) -> Cost:
    """Measure an architecture without making its weights.

    Parameters
    ----------
    architecture : str
        A name in `ARCHITECTURES`.
    size : int
        Height and width of the image, in pixels.
    **arguments : object
        Keyword arguments of `create_model`.
    """
    with torch.device("meta"):
        network = create_model(architecture, **arguments)
    return measure(network, size, arguments.get("in_channels", 3))
