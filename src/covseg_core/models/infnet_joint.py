"""Inf-Net with a second decoder: both answers for little more than the cost of one.

Not from the papers.  Where `MultiInfNet` runs a whole U-Net on the slice again, this
network tells the classes apart by a U-Net decoder on the backbone that Inf-Net has run
already.  The maps of Inf-Net teach that backbone where infection is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from torch import Tensor, nn
from torch.nn import functional

from covseg_core.labels import LESIONS
from covseg_core.models.blocks import ConvBN, UpBlock, resize_as
from covseg_core.models.infnet import InfNet
from covseg_core.models.multi_infnet import MultiInfNetOutput
from covseg_core.models.network import SegmentationNetwork, lesion_probabilities

if TYPE_CHECKING:
    from typing import Unpack

    from covseg_core.models.infnet import InfNetArguments, InfNetOutput

__all__ = ["InfNetJoint"]

LEAST = 1e-6
"""What no probability that is divided by falls below."""


class InfNetJoint(SegmentationNetwork):
    """One network with the maps of Inf-Net and a decoder for the classes.

    Parameters
    ----------
    width : int
        Channels of the second decoder at its finest scale; each coarser one has twice
        as many.
    **infnet : object
        Keyword arguments of `InfNet`.
    """

    label_set = LESIONS

    def __init__(self, *, width: int = 24, **infnet: Unpack[InfNetArguments]) -> None:
        super().__init__()
        self.prior = InfNet(**infnet)
        in_channels = infnet.get("in_channels", 3)
        n2, n3, n4, n5 = self.prior.encoder.channels
        # VGG-16 gives every feature one octave finer.
        self.finest = 1 if infnet.get("backbone") == "vgg16" else 2
        # Every 2 x 2 pixels side by side: the image at 1/2, with nothing lost.
        self.detail = ConvBN(self.finest**2 * in_channels, width, 3)
        widths = (n5, *(width * k for k in (8, 4, 2, 1)))
        self.decoder = nn.ModuleList(
            UpBlock(n_in, n_skip, n_out)
            for (n_in, n_out), n_skip in zip(
                pairwise(widths), (n4, n3, n2, width), strict=True
            )
        )
        self.head = nn.Conv2d(width, len(LESIONS.classes) + 1, 3, padding=1)

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
        *skips, y = features.pyramid
        folded = functional.pixel_unshuffle(x, self.finest)
        detail = functional.relu(self.detail(folded))
        for up, skip in zip(self.decoder, (*reversed(skips), detail), strict=True):
            y = up(y, skip)
        logits = resize_as(self.head(y), x)
        return MultiInfNetOutput(logits, self.prior.finish(features, x))

    def probabilities(self, output: MultiInfNetOutput) -> Tensor:
        """Probability of opacity and of consolidation, (N, 2, H, W).

        Infected is what both decoders agree on: the geometric mean of what each says.
        The second one tells the classes apart.
        """
        classes = lesion_probabilities(output.logits)
        infected = classes.sum(dim=1, keepdim=True).clamp_min(LEAST)
        prior = self.prior.probabilities(cast("InfNetOutput", output.prior))
        return classes * (prior / infected).sqrt()
