"""Inf-Net and a U-Net in one call: opacity and consolidation per slice.

The second stage of Fan et al. (IEEE TMI 2020) sees the slice and the first
stage's map of infection, the prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from covseg_core.labels import LESIONS
from covseg_core.models.infnet import InfNet, InfNetOutput
from covseg_core.models.network import (
    SegmentationNetwork,
    lesion_probabilities,
    require_size,
)
from covseg_core.models.unet import BilinearUNet

if TYPE_CHECKING:
    from typing import Unpack

    from covseg_core.models.infnet import InfNetArguments

__all__ = ["MultiInfNet", "MultiInfNetOutput"]

# The published second stage was trained on priors scaled like a photograph.
_PRIOR_MEAN = (0.485, 0.456, 0.406)
_PRIOR_STD = (0.229, 0.224, 0.225)


class MultiInfNetOutput(NamedTuple):
    """Logits at the size of the input.

    Attributes
    ----------
    logits : Tensor
        (N, 3, H, W): background, ground-glass opacity, consolidation.
    prior : InfNetOutput or None
        What the first stage said; None if the caller gave a prior.
    """

    logits: Tensor
    prior: InfNetOutput | None


class MultiInfNet(SegmentationNetwork):
    """Two stages: Inf-Net finds infection, a U-Net tells its classes apart.

    Parameters
    ----------
    width : int
        Channels of the U-Net at full size; the paper has 64.
    **infnet : object
        Keyword arguments of `InfNet`.
    """

    label_set = LESIONS
    prior_mean: Tensor
    prior_std: Tensor

    def __init__(self, *, width: int = 64, **infnet: Unpack[InfNetArguments]) -> None:
        super().__init__()
        in_channels = infnet.get("in_channels", 3)
        self.prior = InfNet(**infnet)
        self.unet = BilinearUNet(in_channels + 3, len(LESIONS.classes) + 1, width)
        for name, values in (("mean", _PRIOR_MEAN), ("std", _PRIOR_STD)):
            scale = torch.tensor(values).view(1, 3, 1, 1)
            self.register_buffer(f"prior_{name}", scale, persistent=False)

    def forward(self, x: Tensor, prior: Tensor | None = None) -> MultiInfNetOutput:
        """Outline opacity and consolidation on slices.

        Parameters
        ----------
        x : Tensor
            (N, in_channels, H, W), normalised; H and W multiples of 32.
        prior : Tensor, optional
            Probability of infection, (N, 1, H, W) in [0, 1], in place of the
            first stage's.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        require_size(x)
        first: InfNetOutput | None = None
        if prior is None:
            output: InfNetOutput = self.prior(x)
            # The second stage reads the first one's answer and does not change it.
            first, prior = output, self.prior.probabilities(output).detach()
        scaled = (prior - self.prior_mean) / self.prior_std  # 1 to 3 channels
        return MultiInfNetOutput(self.unet(torch.cat((x, scaled), dim=1)), first)

    def probabilities(self, output: MultiInfNetOutput) -> Tensor:
        """Probability of opacity and of consolidation, (N, 2, H, W)."""
        return lesion_probabilities(output.logits)
