"""Building blocks of Inf-Net (Fan et al., IEEE TMI 2020), under the paper's names.

`UpBlock` is that of a U-Net.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "ConvBN",
    "ParallelPartialDecoder",
    "ReceptiveField",
    "ReverseAttention",
    "UpBlock",
    "resize_as",
]


class ConvBN(nn.Module):
    """Convolution without bias, then batch normalisation; no ReLU.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    kernel : int or tuple of int
        Rows and columns of the kernel; the output keeps the input's size.
    dilation : int
        Step between the taps of the kernel, in pixels.
    """

    def __init__(
        self, n_in: int, n_out: int, kernel: int | tuple[int, int], dilation: int = 1
    ) -> None:
        super().__init__()
        rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (rows // 2 * dilation, columns // 2 * dilation)
        self.conv = nn.Conv2d(
            n_in, n_out, (rows, columns), 1, padding, dilation, bias=False
        )
        self.bn = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Filter `x`, (N, n_in, H, W), to (N, n_out, H, W)."""
        normalised: Tensor = self.bn(self._filter(x))
        return normalised

    def _filter(self, x: Tensor) -> Tensor:
        filtered: Tensor
        if max(self.conv.dilation) == 1 or not torch.is_autocast_enabled("cpu"):
            filtered = self.conv(x)
        else:
            # There, the gradient of a dilated filter in bfloat16 may be no number.
            with torch.autocast("cpu", enabled=False):
                filtered = self.conv(x.float())
        return filtered


class UpBlock(nn.Module):
    """One step up of a U-Net: twice the size, with what was seen on the way down.

    Parameters
    ----------
    n_in, n_skip, n_out : int
        Channels from below, from the side (0 for none), and of the answer.
    """

    def __init__(self, n_in: int, n_skip: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(n_in + n_skip, n_out, 3)
        self.conv2 = ConvBN(n_out, n_out, 3)

    def forward(self, coarse: Tensor, skip: Tensor | None) -> Tensor:
        """Join `coarse`, (N, n_in, H, W), with `skip`, (N, n_skip, 2 H, 2 W)."""
        x = functional.interpolate(coarse, scale_factor=2, mode="nearest")
        if skip is not None:
            x = torch.cat((x, skip), dim=1)
        return functional.relu(self.conv2(functional.relu(self.conv1(x))))


class ReceptiveField(nn.Module):
    """Receptive field block (RFB): four branches that see ever further.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList([nn.Sequential(ConvBN(n_in, n_out, 1))])
        for reach in (3, 5, 7):
            self.branches.append(
                nn.Sequential(
                    ConvBN(n_in, n_out, 1),
                    ConvBN(n_out, n_out, (1, reach)),
                    ConvBN(n_out, n_out, (reach, 1)),
                    ConvBN(n_out, n_out, 3, dilation=reach),
                )
            )
        self.merge = ConvBN(4 * n_out, n_out, 3)
        self.shortcut = ConvBN(n_in, n_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Squeeze a feature (N, n_in, H, W) to (N, n_out, H, W)."""
        merged = self.merge(torch.cat([branch(x) for branch in self.branches], dim=1))
        return functional.relu(merged + self.shortcut(x))


class ParallelPartialDecoder(nn.Module):
    """Join three high-level features in one coarse map (PPD).

    Parameters
    ----------
    n : int
        Channels of each feature.
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.up1, self.up2, self.up3, self.up4 = (ConvBN(n, n, 3) for _ in range(4))
        self.up5 = ConvBN(2 * n, 2 * n, 3)
        self.merge2 = ConvBN(2 * n, 2 * n, 3)
        self.merge3 = ConvBN(3 * n, 3 * n, 3)
        self.smooth = ConvBN(3 * n, 3 * n, 3)
        self.head = nn.Conv2d(3 * n, 1, 1)

    def forward(self, coarse: Tensor, middle: Tensor, fine: Tensor) -> Tensor:
        """Decode features at 1/4, 1/2 and 1/1 of the size of `fine`.

        Returns
        -------
        Tensor
            Logits of the global map, (N, 1, H, W) like `fine`.
        """
        coarse_2x = _double(coarse)
        b1 = self.up1(coarse_2x) * middle  # n
        c1 = self.up2(_double(coarse_2x)) * self.up3(_double(middle)) * fine  # n
        b2 = self.merge2(torch.cat((b1, self.up4(coarse_2x)), dim=1))  # 2 n
        c2 = self.merge3(torch.cat((c1, self.up5(_double(b2))), dim=1))  # 3 n
        global_map: Tensor = self.head(self.smooth(c2))
        return global_map


class ReverseAttention(nn.Module):
    """Look where the coarser map saw nothing yet, and correct it (RA).

    Parameters
    ----------
    n_feature, n_edge : int
        Channels of the backbone feature and of the edge feature.
    n : int
        Channels inside.
    kernel, depth : int
        Size and number of the convolutions.
    head_kernel : int
        Size of the last convolution, to one channel.
    """

    def __init__(
        self,
        n_feature: int,
        n_edge: int,
        n: int,
        *,
        kernel: int = 3,
        depth: int = 2,
        head_kernel: int = 3,
    ) -> None:
        super().__init__()
        self.squeeze = ConvBN(n_feature, n, 1)
        widths = [n + n_edge, *(n for _ in range(depth))]
        self.convs = nn.ModuleList(
            ConvBN(a, b, kernel) for a, b in itertools.pairwise(widths)
        )
        self.head = ConvBN(n, 1, head_kernel)

    def forward(self, feature: Tensor, coarser: Tensor, edge: Tensor) -> Tensor:
        """Refine the logits `coarser`, of any size, to the size of `feature`.

        Parameters
        ----------
        feature : Tensor
            Backbone feature, (N, n_feature, H, W).
        coarser : Tensor
            Logits of the map before, (N, 1, h, w).
        edge : Tensor
            Edge feature, (N, n_edge, h, w).

        Returns
        -------
        Tensor
            Logits, (N, 1, H, W).
        """
        guess = resize_as(coarser, feature)
        unseen = (1 - torch.sigmoid(guess)) * feature
        x = torch.cat((self.squeeze(unseen), resize_as(edge, feature)), dim=1)
        for conv in self.convs:
            x = functional.relu(conv(x))
        refined: Tensor = self.head(x) + guess
        return refined


def resize_as(x: Tensor, like: Tensor) -> Tensor:
    """Resize `x` bilinearly to height and width of `like`."""
    return functional.interpolate(
        x, size=like.shape[-2:], mode="bilinear", align_corners=False
    )


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(
        x, scale_factor=2, mode="bilinear", align_corners=True
    )
