"""Names of the published Inf-Nets' tensors, and ours for them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

__all__ = ["BACKBONE_SIGNS", "is_unused", "rename_infnet", "restore_name"]

_UNUSED = ("resnet.fc.", "vgg.conv4_2.", "vgg.conv5_2.")

_VGG_LAYERS = (
    *("conv1.conv1_1", "conv1.conv1_2", "conv2.conv2_1", "conv2.conv2_2"),
    *("conv3.conv3_1", "conv3.conv3_2", "conv3.conv3_3"),
    *("conv4_1.conv4_1_1", "conv4_1.conv4_2_1", "conv4_1.conv4_3_1"),
    *("conv5_1.conv5_1_1", "conv5_1.conv5_2_1", "conv5_1.conv5_3_1"),
)
_VGG_POSITIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def _group_width(tensors: Mapping[str, Tensor]) -> int:
    weight = tensors.get("resnet.layer1.0.conv2.weight")
    return weight.shape[1] if weight is not None and weight.ndim == 4 else 0


BACKBONE_SIGNS: Mapping[str, Callable[[Mapping[str, Tensor]], bool]] = MappingProxyType(
    {
        "vgg16": lambda tensors: "vgg.conv1.conv1_1.weight" in tensors,
        "res2net50": lambda tensors: "resnet.layer1.0.convs.0.weight" in tensors,
        "resnest50": lambda tensors: "resnet.layer1.0.conv2.fc1.weight" in tensors,
        "iresnet50": lambda tensors: "resnet.layer1.2.bn0.weight" in tensors,
        "resnext50": lambda tensors: _group_width(tensors) == 4,
        "resnet50": lambda tensors: _group_width(tensors) == 64,
    }
)
"""What tells each backbone from the others, in the order to try."""


def is_unused(name: str) -> bool:
    """Whether a published tensor takes no part in Inf-Net."""
    return name.startswith(_UNUSED)


def rename_infnet(name: str, backbone: str) -> str:
    """Give a published tensor our name; an unknown name stays as it is."""
    if name.startswith("resnet."):
        body = "encoder." if backbone == "iresnet50" else "encoder.body."
        return body + name.removeprefix("resnet.")
    for published, ours in _PREFIXES.items():
        if name.startswith(published):
            return ours + name.removeprefix(published)
    return name


def restore_name(name: str) -> str:
    """Give one of our names its published one; the reverse of `rename_infnet`."""
    for published, ours in _PREFIXES.items():
        if name.startswith(ours):
            return published + name.removeprefix(ours)
    for body in ("encoder.body.", "encoder."):
        if name.startswith(body):
            return "resnet." + name.removeprefix(body)
    return name


def _prefixes() -> dict[str, str]:
    # Published levels count from 0, the paper's from 1: rfb2 squeezes f3.
    pairs = {f"edge_conv{k}.": f"edge_attention.{k - 1}." for k in (1, 2, 3)}
    pairs["edge_conv4."] = "edge_head."
    for layer, position in zip(_VGG_LAYERS, _VGG_POSITIONS, strict=True):
        pairs[f"vgg.{layer}."] = f"encoder.body.features_{position}."
    for level in (3, 4, 5):
        pairs |= _receptive_field(level) | _reverse_attention(level)
    return pairs | _decoder()


def _receptive_field(level: int) -> dict[str, str]:
    published, ours = f"rfb{level - 1}_1.", f"rfb{level}."
    return {
        **{f"{published}branch{k}.": f"{ours}branches.{k}." for k in range(4)},
        f"{published}conv_cat.": f"{ours}merge.",
        f"{published}conv_res.": f"{ours}shortcut.",
    }


def _reverse_attention(level: int) -> dict[str, str]:
    published, ours = f"ra{level - 1}_conv", f"reverse_attention.f{level}."
    depth = 3 if level == 5 else 2
    return {
        f"{published}1.": f"{ours}squeeze.",
        **{f"{published}{k + 2}.": f"{ours}convs.{k}." for k in range(depth)},
        f"{published}{depth + 2}.": f"{ours}head.",
    }


def _decoder() -> dict[str, str]:
    return {
        **{f"ParDec.conv_upsample{k}.": f"decoder.up{k}." for k in range(1, 6)},
        "ParDec.conv_concat2.": "decoder.merge2.",
        "ParDec.conv_concat3.": "decoder.merge3.",
        "ParDec.conv4.": "decoder.smooth.",
        "ParDec.conv5.": "decoder.head.",
    }


_PREFIXES = _prefixes()
