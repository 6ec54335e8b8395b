"""Tell by how many quarter turns a slice was rotated: the papers' second pretext."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from covseg_core.models.infnet_joint import InfNetJoint
from covseg_core.models.inpainter import heads_of
from covseg_core.models.multi_infnet import MultiInfNet

if TYPE_CHECKING:
    from covseg_core.models.backbones import Backbone
    from covseg_core.models.network import SegmentationNetwork

__all__ = ["TURNS", "TurnTeller", "encoder_of", "turned"]

TURNS = 4
"""0, 90, 180 and 270 degrees."""


class TurnTeller(nn.Module):
    """A copy of a network's encoder and, on its coarsest feature, one linear layer.

    Parameters
    ----------
    network : SegmentationNetwork
        Stays as it is.

    Raises
    ------
    ModelRefusedError
        If it is of a kind that cannot be pretrained.
    """

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self._before = network.state_dict()
        self._place = _place_of_encoder(network)
        self.encoder = deepcopy(network.get_submodule(self._place))
        self.head = nn.Linear(encoder_of(network).channels[-1], TURNS)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits, (N, 4), of the turns of slices `x`, (N, channels, H, W)."""
        logits: Tensor = self.head(self.encoder(x)[-1].mean((2, 3)))
        return logits

    def handed_on(self) -> dict[str, Tensor]:
        """Give the state of the whole network, with the encoder that was learnt."""
        learnt = self.encoder.state_dict()
        state = self._before | {f"{self._place}.{k}": v for k, v in learnt.items()}
        return {key: value.detach().cpu().clone() for key, value in state.items()}


def encoder_of(network: SegmentationNetwork) -> Backbone:
    """Give the backbone of a network, or of its first stage.

    Raises
    ------
    ModelRefusedError
        If it is of a kind that cannot be pretrained.
    """
    return cast("Backbone", network.get_submodule(_place_of_encoder(network)))


def turned(x: Tensor, turns: Tensor) -> Tensor:
    """Turn each slice of `x`, (N, C, S, S), by so many quarter turns, (N,)."""
    return torch.stack(
        [
            each.rot90(int(turn), (1, 2))
            for each, turn in zip(x, turns.tolist(), strict=True)
        ]
    )


def _place_of_encoder(network: SegmentationNetwork) -> str:
    # Whose heads are known has its encoder at a known place, too.
    heads_of(network)
    staged = isinstance(network, MultiInfNet | InfNetJoint)
    return "prior.encoder" if staged else "encoder"
