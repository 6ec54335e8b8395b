"""iResNet-50 (Duta et al., "Improved Residual Networks", ICPR 2020).

Each stage has one start block, whose shortcut is a max pool and a projection,
middle blocks in pre-activation order, and an end block that normalises what
the stage made.  There is no max pool after the stem.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["IResNet50"]

_EXPANSION = 4
_WIDTHS = (256, 512, 1024, 2048)
_DEPTHS = (3, 4, 6, 3)


class IResNet50(nn.Module):
    """Features of iResNet-50 at 1/4, 1/8, 1/16 and 1/32.

    Parameters
    ----------
    in_channels : int
        Channels of the image.
    stem : bool
        Give the stem's feature at 1/2 too, before the others.
    """

    def __init__(self, in_channels: int = 3, *, stem: bool = False) -> None:
        super().__init__()
        self.stem = stem
        self.channels = (*((64,) if stem else ()), *_WIDTHS)
        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _make_stage(n_in, n_out // _EXPANSION, depth)
            for (n_in, n_out), depth in zip(
                pairwise((64, *_WIDTHS)), _DEPTHS, strict=True
            )
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Extract the features of images `x`, (N, in_channels, H, W)."""
        x = functional.relu(self.bn1(self.conv1(x)))  # 1/2
        features = [x] if self.stem else []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


def _make_stage(n_in: int, n: int, depth: int) -> nn.Sequential:
    n_out = n * _EXPANSION
    middle = [
        _MiddleBlock(n_out, n, normalise_input=number > 1)
        for number in range(1, depth - 1)
    ]
    return nn.Sequential(_StartBlock(n_in, n), *middle, _EndBlock(n_out, n))


class _Bottleneck(nn.Module):
    def __init__(self, n_in: int, n: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.conv3 = nn.Conv2d(n, n * _EXPANSION, 1, bias=False)

    def residual(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        narrow_to_wide: Tensor = self.conv3(x)
        return narrow_to_wide


class _StartBlock(_Bottleneck):
    def __init__(self, n_in: int, n: int) -> None:
        super().__init__(n_in, n, stride=2)
        self.bn3 = nn.BatchNorm2d(n * _EXPANSION)
        self.downsample = nn.Sequential(
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.Conv2d(n_in, n * _EXPANSION, 1, bias=False),
            nn.BatchNorm2d(n * _EXPANSION),
        )

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.bn3(self.residual(x)) + self.downsample(x)
        return summed


class _MiddleBlock(_Bottleneck):
    def __init__(self, n_in: int, n: int, *, normalise_input: bool) -> None:
        super().__init__(n_in, n)
        # The start block before the first one has normalised already.
        self.bn0 = nn.BatchNorm2d(n_in) if normalise_input else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(functional.relu(self.bn0(x)))


class _EndBlock(_Bottleneck):
    def __init__(self, n_in: int, n: int) -> None:
        super().__init__(n_in, n)
        self.bn0 = nn.BatchNorm2d(n_in)
        self.bn3 = nn.BatchNorm2d(n * _EXPANSION)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.residual(functional.relu(self.bn0(x)))
        return functional.relu(self.bn3(x + residual))
