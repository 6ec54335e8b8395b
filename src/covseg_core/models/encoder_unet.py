"""U-Net on a classification backbone: the baseline of the papers.

The semi-supervised paper takes ResNeXt-50; any convolutional network of timm
serves.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import INFECTION, LESIONS
from covseg_core.models.backbones import create_full_backbone
from covseg_core.models.blocks import ConvBN
from covseg_core.models.network import (
    SegmentationNetwork,
    lesion_probabilities,
    require_size,
)

__all__ = ["EncoderUNet", "UNetOutput"]


class UNetOutput(NamedTuple):
    """Logits at the size of the input.

    Attributes
    ----------
    logits : Tensor
        (N, classes, H, W).
    """

    logits: Tensor


class EncoderUNet(SegmentationNetwork):
    """U-Net whose way down is a backbone.

    Parameters
    ----------
    backbone : str
        A name in `backbones.BACKBONES` or a convolutional network of timm.
    classes : {1, 3}
        1 for infection; 3 for background, opacity and consolidation.
    width : int
        Channels of the decoder at full size; each coarser scale has twice as
        many.
    in_channels : int
        Channels of the image.
    pretrained : bool
        Fetch ImageNet weights of the backbone, which needs a connection.

    Raises
    ------
    ModelRefusedError
        If the backbone does not suit or `classes` is neither 1 nor 3.
    """

    def __init__(
        self,
        backbone: str = "resnext50",
        classes: int = 1,
        *,
        width: int = 16,
        in_channels: int = 3,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if classes not in (1, 3):
            raise ModelRefusedError(
                f"got classes {classes}; a U-Net has 1 (infection) or 3 (background, "
                "opacity, consolidation)."
            )
        self.label_set = INFECTION if classes == 1 else LESIONS
        self.encoder = create_full_backbone(
            backbone, in_channels=in_channels, pretrained=pretrained
        )
        skips = (*reversed(self.encoder.channels[:-1]), 0)
        widths = (self.encoder.channels[-1], *(width * k for k in (16, 8, 4, 2, 1)))
        self.decoder = nn.ModuleList(
            _UpBlock(n_in, n_skip, n_out)
            for (n_in, n_out), n_skip in zip(pairwise(widths), skips, strict=True)
        )
        self.head = nn.Conv2d(width, classes, 3, padding=1)

    def forward(self, x: Tensor) -> UNetOutput:
        """Segment slices.

        Parameters
        ----------
        x : Tensor
            (N, in_channels, H, W), normalised; H and W multiples of 32.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        require_size(x)
        *skips, y = self.encoder(x)  # 1/2 to 1/16, 1/32
        for up in self.decoder:
            y = up(y, skips.pop() if skips else None)
        return UNetOutput(self.head(y))

    def probabilities(self, output: UNetOutput) -> Tensor:
        """Probability of infection, or of opacity and consolidation."""
        if len(self.label_set.classes) == 1:
            return torch.sigmoid(output.logits)
        return lesion_probabilities(output.logits)


class _UpBlock(nn.Module):
    def __init__(self, n_in: int, n_skip: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(n_in + n_skip, n_out, 3)
        self.conv2 = ConvBN(n_out, n_out, 3)

    def forward(self, coarse: Tensor, skip: Tensor | None) -> Tensor:
        x = functional.interpolate(coarse, scale_factor=2, mode="nearest")
        if skip is not None:
            x = torch.cat((x, skip), dim=1)
        return functional.relu(self.conv2(functional.relu(self.conv1(x))))
