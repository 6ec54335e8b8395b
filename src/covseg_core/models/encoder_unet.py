"""U-Net on a classification backbone: the baseline of the papers.

The semi-supervised paper takes ResNeXt-50; any convolutional network of timm
serves.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import INFECTION, LABEL_SETS, LUNGS
from covseg_core.models.backbones import create_full_backbone
from covseg_core.models.blocks import UpBlock
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
        1 for infection; 3 for background and the two classes of `labels`.
    width : int
        Channels of the decoder at full size; each coarser scale has twice as
        many.
    labels : {"lesions", "lungs"}
        What three classes tell apart: opacity from consolidation, or the right
        lung from the left one.
    in_channels : int
        Channels of the image.
    pretrained : bool
        Fetch ImageNet weights of the backbone, which needs a connection.

    Raises
    ------
    ModelRefusedError
        If the backbone does not suit, or there are no such classes or labels.
    """

    def __init__(
        self,
        backbone: str = "resnext50",
        classes: int = 1,
        *,
        width: int = 16,
        labels: str = "lesions",
        in_channels: int = 3,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if classes not in (1, 3):
            raise ModelRefusedError(
                f"got classes {classes}; a U-Net has 1 (infection) or 3 (background, "
                "and opacity and consolidation or the two lungs)."
            )
        if labels not in ("lesions", "lungs"):
            raise ModelRefusedError(
                f"got labels {labels!r}; a U-Net of three classes has lesions or lungs."
            )
        self.label_set = INFECTION if classes == 1 else LABEL_SETS[labels]
        self.encoder = create_full_backbone(
            backbone,
            in_channels=in_channels + int(self._needs_side),
            pretrained=pretrained,
        )
        skips = (*reversed(self.encoder.channels[:-1]), 0)
        widths = (self.encoder.channels[-1], *(width * k for k in (16, 8, 4, 2, 1)))
        self.decoder = nn.ModuleList(
            UpBlock(n_in, n_skip, n_out)
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
        if self._needs_side:
            x = torch.cat((x, _side(x)), dim=1)
        *skips, y = self.encoder(x)  # 1/2 to 1/16, 1/32
        for up in self.decoder:
            y = up(y, skips.pop() if skips else None)
        return UNetOutput(self.head(y))

    @property
    def _needs_side(self) -> bool:
        """Whether it has to know where left is, which filters do not see."""
        return self.label_set == LUNGS

    def probabilities(self, output: UNetOutput) -> Tensor:
        """Probability of infection, or of each of the two classes."""
        if len(self.label_set.classes) == 1:
            return torch.sigmoid(output.logits)
        return lesion_probabilities(output.logits)


def _side(x: Tensor) -> Tensor:
    """Go from -1 at the left edge to 1 at the right one, (N, 1, H, W)."""
    across = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype, device=x.device)
    return across.expand(x.shape[0], 1, *x.shape[-2:])
