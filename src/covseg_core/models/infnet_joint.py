"""Inf-Net with a second head: both answers for little more than the cost of one.

Not from the papers.  Where `MultiInfNet` runs a whole U-Net on the slice again,
this network tells the classes apart from the features that Inf-Net has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from covseg_core.labels import LESIONS
from covseg_core.models.blocks import ConvBN, resize_as
from covseg_core.models.infnet import InfNet
from covseg_core.models.multi_infnet import MultiInfNetOutput
from covseg_core.models.network import SegmentationNetwork, lesion_probabilities

if TYPE_CHECKING:
    from typing import Unpack

    from covseg_core.models.infnet import InfNetArguments

__all__ = ["InfNetJoint"]


class InfNetJoint(SegmentationNetwork):
    """One network with the maps of Inf-Net and a head for the classes.

    Parameters
    ----------
    width : int
        Channels of the second head.
    **infnet : object
        Keyword arguments of `InfNet`.
    """

    label_set = LESIONS

    def __init__(self, *, width: int = 64, **infnet: Unpack[InfNetArguments]) -> None:
        super().__init__()
        self.prior = InfNet(**infnet)
        n_rfb = sum(rfb.merge.bn.num_features for rfb in self.prior.receptive_fields)
        n_edge = self.prior.edge_head.conv.in_channels
        self.lesion_head = nn.Sequential(
            ConvBN(n_rfb + n_edge + 1, width, 3),
            nn.ReLU(inplace=True),
            ConvBN(width, width, 3),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, len(LESIONS.classes) + 1, 1),
        )

    def forward(self, x: Tensor) -> MultiInfNetOutput:
        """Outline infection and its classes on slices.

        Parameters
        ----------
        x : Tensor
            (N, in_channels, H, W), normalised; H and W multiples of 32.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        features = self.prior.features(x)
        infection = torch.sigmoid(features.maps[0])
        seen = [resize_as(f, features.edge) for f in (*features.squeezed, infection)]
        logits = self.lesion_head(torch.cat((features.edge, *seen), dim=1))  # 1/4
        return MultiInfNetOutput(resize_as(logits, x), self.prior.finish(features, x))

    def probabilities(self, output: MultiInfNetOutput) -> Tensor:
        """Probability of opacity and of consolidation, (N, 2, H, W)."""
        return lesion_probabilities(output.logits)
