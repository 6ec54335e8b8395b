"""Weights that the papers' authors published, as weights of our networks.

They are bare state_dicts, written by `torch.save`.  Nothing in such a file is
ever run: only tensors are read, and every one of them must find its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch

from covseg_core.errors import ModelRefusedError
from covseg_core.models.infnet import InfNet
from covseg_core.models.published_names import (
    BACKBONE_SIGNS,
    is_unused,
    rename_infnet,
    restore_name,
)
from covseg_core.models.tensor_file import fit_tensors, read_tensors
from covseg_core.models.unet import BilinearUNet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["ChannelOrder", "ImportedWeights", "add_prior", "import_state_dict"]

ChannelOrder = Literal["published", "background-first"]
"""Channels of a U-Net: (opacity, consolidation, background), or background first."""

_NOTE_PRIOR = (
    "The published code stretches each prior to fill 0 to 1 before the second stage; "
    "here the prior stays a probability."
)
_NOTE_NO_PRIOR = (
    "This is a second stage without the Inf-Net that makes its prior; add one before "
    "use."
)


@dataclass(frozen=True, eq=False)
class ImportedWeights:
    """Weights under our names, and the network that they fill.

    Parameters
    ----------
    architecture : str
        A name in `ARCHITECTURES`.
    arguments : Mapping
        Keyword arguments of `create_model`.
    state_dict : Mapping of str to Tensor
        float32 and, for counters, int64.
    notes : tuple of str
        What was dropped, changed or is missing, for the model card.
    needs_prior : bool
        A second stage alone: `state_dict` holds ``unet.`` only; see `add_prior`.
    """

    architecture: str
    arguments: Mapping[str, Any]
    state_dict: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    needs_prior: bool = False


def import_state_dict(
    path: Path,
    *,
    channel_order: ChannelOrder = "published",
    prior: Path | None = None,
) -> ImportedWeights:
    """Read a published Inf-Net or multi-label U-Net.

    Parameters
    ----------
    path : Path
        A state_dict in torch's format or, by its suffix, safetensors.
    channel_order : {"published", "background-first"}
        Order of the U-Net's last layer; the self-supervised paper has
        background first.  Ours is background, opacity, consolidation.
    prior : Path, optional
        The Inf-Net that makes the prior of a U-Net.

    Raises
    ------
    ModelRefusedError
        If the file is no such state_dict, holds more than tensors, or lacks or
        adds a tensor.
    """
    weights = _import_one(read_tensors(path), path.name, channel_order)
    if prior is None:
        return weights
    return add_prior(
        weights, _import_one(read_tensors(prior), prior.name, channel_order)
    )


def add_prior(second_stage: ImportedWeights, prior: ImportedWeights) -> ImportedWeights:
    """Join a U-Net and the Inf-Net that makes its prior.

    Parameters
    ----------
    second_stage : ImportedWeights
        With `needs_prior`.
    prior : ImportedWeights
        Weights of the architecture ``infnet``, imported or not.

    Raises
    ------
    ModelRefusedError
        If either is something else.
    """
    if not second_stage.needs_prior or prior.architecture != "infnet":
        raise ModelRefusedError(
            f"got {second_stage.architecture} weights and {prior.architecture} weights "
            "as their prior; a published multi-label U-Net and an Inf-Net are needed, "
            "in this order."
        )
    first_stage = {f"prior.{name}": value for name, value in prior.state_dict.items()}
    return replace(
        second_stage,
        arguments={**prior.arguments, **second_stage.arguments},
        state_dict={**first_stage, **second_stage.state_dict},
        notes=(*prior.notes, _NOTE_PRIOR),
        needs_prior=False,
    )


def _import_one(
    tensors: dict[str, Tensor], name: str, channel_order: ChannelOrder
) -> ImportedWeights:
    if "inc.double_conv.0.weight" in tensors:
        return _import_unet(tensors, name, channel_order)
    for backbone, is_sign in BACKBONE_SIGNS.items():
        if is_sign(tensors):
            return _import_infnet(tensors, name, backbone)
    found = ", ".join(sorted(tensors)[:3])
    raise ModelRefusedError(
        f"{name} holds neither an Inf-Net nor the multi-label U-Net: its tensors are "
        f"called {found}, … Expected are names such as resnet.conv1.weight, "
        "vgg.conv1.conv1_1.weight or inc.double_conv.0.weight."
    )


def _import_infnet(
    tensors: dict[str, Tensor], name: str, backbone: str
) -> ImportedWeights:
    unused = [key for key in tensors if is_unused(key)]
    renamed = {
        rename_infnet(key, backbone): value
        for key, value in tensors.items()
        if key not in unused
    }
    with torch.device("meta"):
        expected = InfNet(backbone).state_dict()
    notes = (f"Dropped {len(unused)} tensors that Inf-Net never uses.",)
    return ImportedWeights(
        "infnet",
        {"backbone": backbone},
        fit_tensors(renamed, expected, name, restore_name),
        notes if unused else (),
    )


def _import_unet(
    tensors: dict[str, Tensor], name: str, channel_order: ChannelOrder
) -> ImportedWeights:
    with torch.device("meta"):
        expected = BilinearUNet(6, 3).state_dict()
    fitted = fit_tensors(tensors, expected, name)
    if channel_order == "published":
        for key in ("outc.conv.weight", "outc.conv.bias"):
            fitted[key] = fitted[key][[2, 0, 1]]
    return ImportedWeights(
        "multi-infnet",
        {"width": 64},
        {f"unet.{key}": value for key, value in fitted.items()},
        (_NOTE_NO_PRIOR,),
        needs_prior=True,
    )
