"""Bilinear U-Net, the second stage of Fan et al. (IEEE TMI 2020).

After Ronneberger et al., "U-Net" (MICCAI 2015), with bilinear upsampling in
place of learned.  Parts are named as in the published weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from covseg_core.models.network import require_size

__all__ = ["BilinearUNet"]


class BilinearUNet(nn.Module):
    """U-Net of five scales, 1/1 to 1/16.

    Parameters
    ----------
    in_channels, classes : int
        Channels of the image and of the logits.
    width : int
        Channels at the finest scale, at least 2; the paper has 64.
    """

    def __init__(self, in_channels: int, classes: int, width: int = 64) -> None:
        super().__init__()
        n = width
        self.inc = _DoubleConv(in_channels, n, n)
        self.down1 = _Down(n, 2 * n)
        self.down2 = _Down(2 * n, 4 * n)
        self.down3 = _Down(4 * n, 8 * n)
        self.down4 = _Down(8 * n, 8 * n)
        self.up1 = _Up(16 * n, 4 * n)
        self.up2 = _Up(8 * n, 2 * n)
        self.up3 = _Up(4 * n, n)
        self.up4 = _Up(2 * n, n)
        self.outc = _OutConv(n, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Segment images `x`, (N, in_channels, H, W); H and W multiples of 16.

        Returns
        -------
        Tensor
            Logits, (N, classes, H, W).

        Raises
        ------
        InputRefusedError
            If H or W is not a multiple of 16; says the size to pad to.
        """
        require_size(x, 16)
        x1 = self.inc(x)  # 1/1
        x2 = self.down1(x1)  # 1/2
        x3 = self.down2(x2)  # 1/4
        x4 = self.down3(x3)  # 1/8
        x5 = self.down4(x4)  # 1/16
        y = self.up1(x5, x4)
        y = self.up2(y, x3)
        y = self.up3(y, x2)
        y = self.up4(y, x1)
        logits: Tensor = self.outc(y)
        return logits


class _DoubleConv(nn.Module):
    def __init__(self, n_in: int, n_middle: int, n_out: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(n_in, n_middle, 3, padding=1),
            nn.BatchNorm2d(n_middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_middle, n_out, 3, padding=1),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        filtered: Tensor = self.double_conv(x)
        return filtered


class _Down(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(
            nn.MaxPool2d(2), _DoubleConv(n_in, n_out, n_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        halved: Tensor = self.maxpool_conv(x)
        return halved


class _Up(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = _DoubleConv(n_in, n_in // 2, n_out)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.conv(torch.cat((skip, self.up(coarse)), dim=1))
        return joined


class _OutConv(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.conv(x)
        return logits
