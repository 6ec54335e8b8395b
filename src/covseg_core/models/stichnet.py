"""StichNet: a generative model of slice and label that shows what could be.

After Zammit, "Semi-Supervised COVID-19 CT Image Segmentation Using Deep
Generative Models" (2020).  Two chains of latent images, one for style and one for
meaning, give four whole images of the slice, as if it were nothing but outside,
opacity, consolidation or healthy lung, and the probability of each at every pixel;
the slice is stitched together from them.

Not from the paper: opacity is brighter than healthy lung and consolidation
brighter than opacity by construction, so that no training can make them the same.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from covseg_core.labels import LESIONS, Tissue
from covseg_core.models.blocks import ConvBN
from covseg_core.models.latents import LatentChain
from covseg_core.models.network import SegmentationNetwork, require_size

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["StichNet", "StichNetOutput"]

LEAST_STEP = 0.1
"""How much of the way to white opacity is at least above healthy lung, and
consolidation above opacity."""
FIRST_GREY = (0.8, 0.55, 0.85, 0.33)
"""Where the styles begin, in the order of `Tissue`: with the window of `Prepare`
-150, -525, -75 and -855 HU."""
LEAST_CONCENTRATION, LARGEST_CONCENTRATION = 4.0, 400.0


class StichNetOutput(NamedTuple):
    """What StichNet says of slices, at their size.

    Attributes
    ----------
    styles : Tensor
        Mean grey in (0, 1) of the four images, (N, 4, H, W), in the order of
        `labels.Tissue`.
    concentrations : Tensor
        Alpha + beta of the Beta distribution of every pixel, (N, 4, H, W); the
        larger, the surer.
    log_tissue : Tensor
        Log-probabilities of the tissues, (N, 4, H, W).
    divergence : Tensor
        KL of both chains, (N,), in nats.
    """

    styles: Tensor
    concentrations: Tensor
    log_tissue: Tensor
    divergence: Tensor

    @property
    def reconstruction(self) -> Tensor:
        """The slice as the model sees it, (N, 1, H, W)."""
        return (self.log_tissue.exp() * self.styles).sum(dim=1, keepdim=True)


class StichNet(SegmentationNetwork):
    """Styles and tissues of a slice from two chains of latent images.

    Parameters
    ----------
    backbone : str
        Encoder of either chain; a convolutional network of timm.
    widths : sequence of int
        Channels before the latents, 1/2 to 1/32.
    latent_channels : int
        Of every latent image; the paper has 1.
    decoder_width : int
        Channels of the decoders at full size.
    ordered : bool
        Keep the styles apart by construction; the paper's are free.
    pretrained : bool
        Fetch ImageNet weights of the backbone, which needs a connection.

    Raises
    ------
    ModelRefusedError
        If the backbone does not suit.
    """

    label_set = LESIONS

    def __init__(
        self,
        backbone: str = "mobilenetv2_100",
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        latent_channels: int = 1,
        decoder_width: int = 16,
        ordered: bool = True,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.style_chain, self.meaning_chain = (
            LatentChain(backbone, widths, latent_channels, pretrained=pretrained)
            for _ in range(2)
        )
        self.ordered = ordered
        # Four means, four concentrations and whether a pixel is in the lung.
        self.style_decoder = _Decoder(2 * latent_channels, decoder_width, 9)
        first = torch.tensor(FIRST_GREY)
        with torch.no_grad():
            raw = _disorder(first) if ordered else first.logit()
            self.style_decoder.head.bias[:4] = raw  # type: ignore[index]
        # Opacity, consolidation or healthy, if it is.
        self.meaning_decoder = _Decoder(latent_channels, decoder_width, 3)

    def forward(self, x: Tensor, *, sample: bool | None = None) -> StichNetOutput:
        """Take slices apart.

        Parameters
        ----------
        x : Tensor
            (N, channels, H, W), all channels the same grey in [0, 1], as
            `Prepare` with mean 0 and std 1 makes it; H and W multiples of 32.
        sample : bool, optional
            Draw the latents; while training if not given.

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 32; says the size to pad to.
        """
        require_size(x)
        sample = self.training if sample is None else sample
        grey = x[:, :1]
        style, style_kl = self.style_chain(grey, sample=sample)
        meaning, meaning_kl = self.meaning_chain(grey, sample=sample)

        both = [torch.cat(pair, dim=1) for pair in zip(style, meaning, strict=True)]
        means, concentrations, lung = self.style_decoder(both).split((4, 4, 1), dim=1)
        inside = self.meaning_decoder(meaning)  # in the lung, which of the three
        return StichNetOutput(
            _order(means) if self.ordered else means.sigmoid(),
            _bounded(concentrations),
            _tissues(lung, inside),
            style_kl + meaning_kl,
        )

    def probabilities(self, output: StichNetOutput) -> Tensor:
        """Probability of opacity and of consolidation, (N, 2, H, W)."""
        return output.log_tissue[:, (Tissue.GGO, Tissue.CONSOLIDATION)].exp()

    @torch.no_grad()
    def samples(self, x: Tensor, n: int) -> Tensor:
        """Segment slices `x` from `n` draws of the latents, (n, N, 2, H, W)."""
        draws = (self.probabilities(self(x, sample=True)) for _ in range(n))
        return torch.stack(list(draws))


class _Decoder(nn.Module):
    """From latents at 1/2 to 1/32, finest first, to maps at full size."""

    def __init__(self, n_latent: int, width: int, n_out: int) -> None:
        super().__init__()
        widths = tuple(width * factor for factor in (6, 4, 3, 2, 1))
        self.enter = ConvBN(n_latent, widths[0], 3)
        self.convs = nn.ModuleList(
            ConvBN(n_in + n_latent, n, 3) for n_in, n in pairwise(widths)
        )
        self.leave = ConvBN(width, width, 3)
        self.head = nn.Conv2d(width, n_out, 3, padding=1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        *finer, coarsest = levels
        y = functional.relu(self.enter(coarsest))  # 1/32
        for latent, conv in zip(reversed(finer), self.convs, strict=True):
            y = functional.relu(conv(torch.cat((_double(y), latent), dim=1)))
        maps: Tensor = self.head(functional.relu(self.leave(_double(y))))
        return maps


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear")


def _order(raw: Tensor) -> Tensor:
    """Stack opacity on healthy lung and consolidation on opacity."""
    steps = raw.sigmoid()
    healthy = steps[:, Tissue.HEALTHY]
    opacity = _above(healthy, steps[:, Tissue.GGO])
    consolidation = _above(opacity, steps[:, Tissue.CONSOLIDATION])
    outside = steps[:, Tissue.OUTSIDE]
    return torch.stack((outside, opacity, consolidation, healthy), dim=1)


def _disorder(grey: Tensor) -> Tensor:
    """Find what `_order` makes these greys of, one of each tissue."""
    healthy, opacity, white = (
        grey[tissue] for tissue in (Tissue.HEALTHY, Tissue.GGO, Tissue.CONSOLIDATION)
    )
    above = torch.stack(
        [(opacity - healthy) / (1 - healthy), (white - opacity) / (1 - opacity)]
    )
    ggo, consolidation = (above - LEAST_STEP) / (1 - LEAST_STEP)
    return torch.stack((grey[Tissue.OUTSIDE], ggo, consolidation, healthy)).logit()


def _above(grey: Tensor, step: Tensor) -> Tensor:
    return grey + (1 - grey) * (LEAST_STEP + (1 - LEAST_STEP) * step)


def _bounded(raw: Tensor) -> Tensor:
    span = LARGEST_CONCENTRATION - LEAST_CONCENTRATION
    return LEAST_CONCENTRATION + span * raw.sigmoid()


def _tissues(lung: Tensor, inside: Tensor) -> Tensor:
    """Separate the lungs: a lesion lies inside them, whatever else is said."""
    within = functional.logsigmoid(lung) + inside.log_softmax(dim=1)
    return torch.cat((functional.logsigmoid(-lung), within), dim=1)
