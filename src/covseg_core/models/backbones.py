"""The networks that features come from, by the names of the papers.

Inf-Net takes four features: 1/4, 1/8, 1/16 and 1/32 of the image, or one octave
finer for VGG-16.  Any other convolutional network of timm serves as well.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

import timm
from torch import Tensor, nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models.iresnet import IResNet50

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "BACKBONES",
    "TIMM_NAMES",
    "Backbone",
    "TimmPyramid",
    "create_backbone",
    "create_full_backbone",
]

TIMM_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "res2net50": "res2net50d",
        "resnet50": "resnet50",
        "resnext50": "resnext50_32x4d",
        "resnest50": "resnest50d",
    }
)
"""Backbones of the papers that timm has as they are: our name to timm's."""


class Backbone(Protocol):
    """Maps images to a list of features, finest first."""

    channels: tuple[int, ...]

    def __call__(self, x: Tensor) -> list[Tensor]:
        """Extract features of images `x`, (N, in_channels, H, W)."""


class TimmPyramid(nn.Module):
    """Features of a timm network at given scales.

    Parameters
    ----------
    name : str
        Name in timm.
    reductions : sequence of int
        Wanted scales: 4 is a feature at 1/4 of the image.
    in_channels : int
        Channels of the image.
    pretrained : bool
        Fetch timm's weights, which needs a network connection.

    Raises
    ------
    ModelRefusedError
        If timm has no such network, if it lacks one of the scales or takes only
        one image size, or if its weights cannot be fetched.
    """

    def __init__(
        self,
        name: str,
        reductions: Sequence[int],
        *,
        in_channels: int = 3,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.body = _create_timm(name, in_channels, pretrained)
        _require_convolutional(name, self.body)
        found = self.body.feature_info.reduction()
        missing = [scale for scale in reductions if scale not in found]
        if missing:
            raise ModelRefusedError(
                f"the backbone {name!r} has features at 1/{_slashes(found)} of the "
                f"image; 1/{_slashes(reductions)} are needed, 1/{_slashes(missing)} "
                "are missing. Choose a convolutional network with these scales, such "
                "as resnet50 or mobilenetv2_100."
            )
        self.positions = [_last_index(found, scale) for scale in reductions]
        widths = self.body.feature_info.channels()
        self.channels = tuple(widths[position] for position in self.positions)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Extract the features of images `x`, (N, in_channels, H, W)."""
        features = self.body(x)
        return [features[position] for position in self.positions]


def create_backbone(
    name: str, *, in_channels: int = 3, pretrained: bool = False
) -> Backbone:
    """Build the feature extractor of an Inf-Net.

    Parameters
    ----------
    name : str
        A name in `BACKBONES`, or any timm network with features at 1/4 to 1/32.
    in_channels : int
        Channels of the image.
    pretrained : bool
        Fetch timm's weights, which needs a network connection.

    Raises
    ------
    ModelRefusedError
        If there is no such network or it does not suit.
    """
    builder = BACKBONES.get(name)
    if builder is not None:
        return builder(in_channels, pretrained)
    return _pyramid(name, in_channels, pretrained)


def create_full_backbone(
    name: str, *, in_channels: int = 3, pretrained: bool = False
) -> Backbone:
    """Build the five-scale feature extractor of a U-Net, 1/2 to 1/32.

    Parameters are those of `create_backbone`; VGG-16 keeps its max pools here.

    Raises
    ------
    ModelRefusedError
        If there is no such network or it does not suit.
    """
    if name == "iresnet50":
        return _iresnet50(in_channels, pretrained, stem=True)
    return cast(
        "Backbone",
        TimmPyramid(
            TIMM_NAMES.get(name, name),
            (2, 4, 8, 16, 32),
            in_channels=in_channels,
            pretrained=pretrained,
        ),
    )


def _pyramid(timm_name: str, in_channels: int, pretrained: bool) -> Backbone:
    return cast(
        "Backbone",
        TimmPyramid(
            timm_name, (4, 8, 16, 32), in_channels=in_channels, pretrained=pretrained
        ),
    )


def _named_pyramid(timm_name: str) -> Callable[[int, bool], Backbone]:
    return lambda in_channels, pretrained: _pyramid(timm_name, in_channels, pretrained)


def _vgg16(in_channels: int, pretrained: bool) -> Backbone:
    pyramid = TimmPyramid(
        "vgg16", (2, 4, 8, 16), in_channels=in_channels, pretrained=pretrained
    )
    for name, layer in pyramid.body.named_children():
        if isinstance(layer, nn.MaxPool2d):
            setattr(pyramid.body, name, nn.AvgPool2d(2))
    return cast("Backbone", pyramid)


def _iresnet50(in_channels: int, pretrained: bool, *, stem: bool = False) -> Backbone:
    if pretrained:
        raise ModelRefusedError(
            "timm has no pretrained weights of iresnet50. Train it from random "
            "weights or import a published checkpoint."
        )
    return cast("Backbone", IResNet50(in_channels, stem=stem))


BACKBONES: Mapping[str, Callable[[int, bool], Backbone]] = MappingProxyType(
    {
        **{name: _named_pyramid(timm_name) for name, timm_name in TIMM_NAMES.items()},
        "vgg16": _vgg16,
        "iresnet50": _iresnet50,
    }
)
"""Builders of the backbones of the papers: (in_channels, pretrained) to features."""


def _create_timm(name: str, in_channels: int, pretrained: bool) -> Any:
    if not timm.is_model(name):
        raise ModelRefusedError(_unknown(name))
    try:
        return timm.create_model(
            name, features_only=True, in_chans=in_channels, pretrained=pretrained
        )
    except Exception as error:
        cause = (
            "Its weights may be out of reach: try again online or without pretrained "
            "weights."
            if pretrained
            else "Choose another one."
        )
        raise ModelRefusedError(
            f"timm could not make features of the backbone {name!r} "
            f"({type(error).__name__}). {cause}"
        ) from error


def _unknown(name: str) -> str:
    ours = ", ".join(BACKBONES)
    known = {*BACKBONES, *timm.list_models()}
    close = difflib.get_close_matches(name, sorted(known), n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return (
        f"there is no backbone {name!r}; choose one of {ours}, or the name of a timm "
        f"network.{hint}"
    )


def _require_convolutional(name: str, body: Any) -> None:
    last_axis = str(getattr(body, "output_fmt", None)).endswith("NHWC")
    if last_axis or body.default_cfg.get("fixed_input_size"):
        raise ModelRefusedError(
            f"the backbone {name!r} takes only images of one size or puts channels "
            "last; a convolutional network is needed, such as resnet50."
        )


def _last_index(found: Sequence[int], scale: int) -> int:
    return len(found) - 1 - list(reversed(found)).index(scale)


def _slashes(scales: Sequence[int]) -> str:
    return ", 1/".join(str(scale) for scale in scales)
