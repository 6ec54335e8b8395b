"""Five latent images per slice, coarse to fine: a chain of a ladder autoencoder.

The posterior weighs what the encoder sees with what the level above expects
(Sønderby et al., "Ladder Variational Autoencoders", 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from covseg_core.models.backbones import create_full_backbone
from covseg_core.models.blocks import ConvBN

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Gaussian", "LatentChain", "Latents", "divergence", "product"]

LARGEST_LOG_VARIANCE = 6.0
FIRST_SPREAD = -0.7
"""Before tanh: latents begin almost without noise, which else hides what is seen."""


class Gaussian(NamedTuple):
    """A Gaussian per pixel, both of shape (N, C, H, W)."""

    mean: Tensor
    log_variance: Tensor


class Latents(NamedTuple):
    """The latent images of a chain.

    Attributes
    ----------
    levels : tuple of Tensor
        (N, channels, h, w) each, finest first: 1/2 to 1/32.
    divergence : Tensor
        KL of posterior and prior, summed over levels and pixels, (N,), in nats.
    """

    levels: tuple[Tensor, ...]
    divergence: Tensor


class LatentChain(nn.Module):
    """Encoder and top-down prior of one chain of latent images.

    Parameters
    ----------
    backbone : str
        A convolutional network of timm.
    widths : sequence of int
        Channels before the latents, 1/2 to 1/32.
    channels : int
        Of every latent image.
    in_channels : int
        Of the slice.
    pretrained : bool
        Fetch ImageNet weights of the backbone, which needs a connection.
    """

    def __init__(
        self,
        backbone: str,
        widths: Sequence[int],
        channels: int,
        *,
        in_channels: int = 1,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = create_full_backbone(
            backbone, in_channels=in_channels, pretrained=pretrained
        )
        self.adapt = nn.ModuleList(
            ConvBN(n_in + in_channels, n, 1)
            for n_in, n in zip(self.encoder.channels, widths, strict=True)
        )
        # One layer per level makes latents of what is seen and of what is expected.
        self.crush = nn.ModuleList(nn.Conv2d(n, 2 * channels, 1) for n in widths)
        for layer in self.crush:
            nn.init.constant_(layer.bias[channels:], FIRST_SPREAD)  # type: ignore[index]
        self.expect = nn.ModuleList(_Expect(channels, n) for n in widths[:-1])

    def forward(self, x: Tensor, *, sample: bool) -> Latents:
        """Infer the latents of slices `x`, (N, in_channels, H, W).

        Parameters
        ----------
        x : Tensor
            H and W multiples of 32.
        sample : bool
            Draw from the posterior; else take its mean.
        """
        features = zip(self.adapt, self.encoder(x), strict=True)
        # The slice itself, too: what a backbone makes of it keeps little of its grey.
        seen = [adapt(torch.cat((f, _shrunk(x, f)), dim=1)) for adapt, f in features]
        levels: list[Tensor] = []
        total = x.new_zeros(len(x))
        for level in reversed(range(len(seen))):
            found = self._gaussian(level, seen[level])
            if levels:
                prior = self._gaussian(level, self.expect[level](levels[0]))
            else:
                prior = Gaussian(*(torch.zeros_like(part) for part in found))
            posterior = product(found, prior)
            total = total + divergence(posterior, prior).sum((1, 2, 3))
            levels.insert(0, _draw(posterior) if sample else posterior.mean)
        return Latents(tuple(levels), total)

    def _gaussian(self, level: int, feature: Tensor) -> Gaussian:
        mean, raw = self.crush[level](functional.relu(feature)).chunk(2, dim=1)
        return Gaussian(mean, LARGEST_LOG_VARIANCE * torch.tanh(raw))


class _Expect(nn.Module):
    """Foresee a level from the coarser one, as features of the encoder's width."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(channels, width, 2, stride=2)
        self.conv1 = ConvBN(width, width, 3)
        self.conv2 = ConvBN(width, width, 3)

    def forward(self, coarser: Tensor) -> Tensor:
        x: Tensor = self.up(coarser)
        return x + self.conv2(functional.relu(self.conv1(functional.relu(x))))


def product(one: Gaussian, other: Gaussian) -> Gaussian:
    """Multiply two Gaussians: the means are weighed by their precisions."""
    precisions = torch.exp(-one.log_variance), torch.exp(-other.log_variance)
    total = precisions[0] + precisions[1]
    mean = (one.mean * precisions[0] + other.mean * precisions[1]) / total
    return Gaussian(mean, -torch.log(total))


def divergence(one: Gaussian, other: Gaussian) -> Tensor:
    """Compute KL(one, other) of every pixel, in nats."""
    apart = (one.mean - other.mean).square() + one.log_variance.exp()
    ratio = other.log_variance - one.log_variance
    return 0.5 * (ratio + apart * torch.exp(-other.log_variance) - 1)


def _shrunk(x: Tensor, like: Tensor) -> Tensor:
    height, width = like.shape[-2:]
    return functional.adaptive_avg_pool2d(x, (height, width))


def _draw(gaussian: Gaussian) -> Tensor:
    noise = torch.randn_like(gaussian.mean)
    return gaussian.mean + noise * torch.exp(0.5 * gaussian.log_variance)
