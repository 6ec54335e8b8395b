"""Inf-Net: one map of infection per slice.

Fan et al., "Inf-Net: Automatic COVID-19 Lung Infection Segmentation from CT
Images", IEEE TMI 39 (2020); other backbones and fewer reverse attentions after
Yildizhan, "Image Segmentation for COVID-19" (2020).
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import torch
from torch import Tensor, nn

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import INFECTION
from covseg_core.models.backbones import create_backbone
from covseg_core.models.blocks import (
    ConvBN,
    ParallelPartialDecoder,
    ReceptiveField,
    ReverseAttention,
    resize_as,
)
from covseg_core.models.network import SegmentationNetwork, require_size

__all__ = ["InfNet", "InfNetArguments", "InfNetFeatures", "InfNetOutput"]


class InfNetArguments(TypedDict, total=False):
    """Keyword arguments of `InfNet`, for networks that hold one."""

    backbone: str
    reverse_attention: int
    channels: int
    edge_channels: int
    ra_channels: tuple[int, int, int]
    in_channels: int
    pretrained: bool


class InfNetOutput(NamedTuple):
    """Logits at the size of the input.

    Attributes
    ----------
    maps : tuple of Tensor
        (N, 1, H, W) each, finest first: S3, S4, S5 as far as the network has
        them, then the global map Sg.
    edge : Tensor
        Outline of the infection, (N, 1, H, W).
    """

    maps: tuple[Tensor, ...]
    edge: Tensor

    @property
    def logits(self) -> Tensor:
        """The prediction: the finest map, (N, 1, H, W)."""
        return self.maps[0]


class InfNetFeatures(NamedTuple):
    """What Inf-Net knows before its maps are resized.

    Attributes
    ----------
    pyramid : tuple of Tensor
        Features of the backbone at 1/4, 1/8, 1/16 and 1/32.
    edge : Tensor
        Edge feature, `edge_channels` at 1/4.
    maps : tuple of Tensor
        Logits, finest first, each at the size it was made at.
    """

    pyramid: tuple[Tensor, ...]
    edge: Tensor
    maps: tuple[Tensor, ...]


class InfNet(SegmentationNetwork):
    """Edge attention, parallel partial decoder and reverse attention.

    Parameters
    ----------
    backbone : str
        A name in `backbones.BACKBONES` or a convolutional network of timm.
    reverse_attention : {1, 2, 3}
        How many reverse attentions are kept, the finest first: 3 refine at f5,
        f4 and f3 as in the paper, 1 at f3 only.
    channels : int
        Width of the receptive field blocks and the decoder.
    edge_channels : int
        Width of the edge attention.
    ra_channels : tuple of int
        Widths of the reverse attentions at f5, f4 and f3.
    in_channels : int
        Channels of the image.
    pretrained : bool
        Fetch ImageNet weights of the backbone, which needs a connection.

    Raises
    ------
    ModelRefusedError
        If the backbone does not suit or `reverse_attention` is out of range.
    """

    label_set = INFECTION

    def __init__(
        self,
        backbone: str = "res2net50",
        *,
        reverse_attention: int = 3,
        channels: int = 32,
        edge_channels: int = 64,
        ra_channels: tuple[int, int, int] = (256, 64, 64),
        in_channels: int = 3,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if reverse_attention not in (1, 2, 3):
            raise ModelRefusedError(
                f"got reverse_attention {reverse_attention}; Inf-Net has 1, 2 or 3."
            )
        self.encoder = create_backbone(
            backbone, in_channels=in_channels, pretrained=pretrained
        )
        n2, n3, n4, n5 = self.encoder.channels
        self.rfb3 = ReceptiveField(n3, channels)
        self.rfb4 = ReceptiveField(n4, channels)
        self.rfb5 = ReceptiveField(n5, channels)
        self.decoder = ParallelPartialDecoder(channels)
        self.edge_attention = nn.Sequential(
            ConvBN(n2, edge_channels, 1),
            ConvBN(edge_channels, edge_channels, 3),
            ConvBN(edge_channels, edge_channels, 3),
        )
        self.edge_head = ConvBN(edge_channels, 1, 3)
        ra5, ra4, ra3 = ra_channels
        attentions = {
            "f5": ReverseAttention(
                n5, edge_channels, ra5, kernel=5, depth=3, head_kernel=1
            ),
            "f4": ReverseAttention(n4, edge_channels, ra4),
            "f3": ReverseAttention(n3, edge_channels, ra3),
        }
        kept = list(attentions)[-reverse_attention:]
        self.reverse_attention = nn.ModuleDict({k: attentions[k] for k in kept})

    @property
    def receptive_fields(self) -> tuple[ReceptiveField, ...]:
        """The blocks that squeeze f3, f4 and f5."""
        return self.rfb3, self.rfb4, self.rfb5

    def features(self, x: Tensor) -> InfNetFeatures:
        """Run everything but the last resize; `x` as in `forward`."""
        require_size(x)
        f2, f3, f4, f5 = self.encoder(x)  # 1/4, 1/8, 1/16, 1/32
        edge = self.edge_attention(f2)  # 1/4

        squeezed = self.rfb3(f3), self.rfb4(f4), self.rfb5(f5)
        maps: tuple[Tensor, ...] = (self.decoder(*reversed(squeezed)),)  # Sg, 1/8
        by_name = {"f3": f3, "f4": f4, "f5": f5}
        for name, attend in self.reverse_attention.items():
            maps = (attend(by_name[name], maps[0], edge), *maps)
        return InfNetFeatures((f2, f3, f4, f5), edge, maps)

    def forward(self, x: Tensor) -> InfNetOutput:
        """Outline infection on slices.

        Parameters
        ----------
        x : Tensor
            (N, in_channels, H, W), normalised; H and W multiples of 32.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        return self.finish(self.features(x), x)

    def finish(self, features: InfNetFeatures, x: Tensor) -> InfNetOutput:
        """Bring maps and edge to the size of the slices `x`."""
        return InfNetOutput(
            tuple(resize_as(each, x) for each in features.maps),
            resize_as(self.edge_head(features.edge), x),
        )

    def probabilities(self, output: InfNetOutput) -> Tensor:
        """Probability of infection, (N, 1, H, W)."""
        return torch.sigmoid(output.logits)
