"""The networks, by name; torch is loaded only when one is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from covseg_core.errors import ModelRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covseg_core.models.network import SegmentationNetwork

__all__ = ["ARCHITECTURES", "Architecture", "create_model"]


@dataclass(frozen=True)
class Architecture:
    """Where a network is found and what it is for.

    Parameters
    ----------
    module, class_name : str
        The class, imported on use.
    summary : str
        One sentence for the user.
    learns_tissues : bool
        Whether it is told healthy lung from outside, and learns from slices that
        nobody labelled.
    """

    module: str
    class_name: str
    summary: str
    learns_tissues: bool = False


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "infnet": Architecture(
            "covseg_core.models.infnet",
            "InfNet",
            "Inf-Net (Fan 2020): infection as one class.",
        ),
        "multi-infnet": Architecture(
            "covseg_core.models.multi_infnet",
            "MultiInfNet",
            "Inf-Net, then a U-Net (Fan 2020): opacity and consolidation.",
        ),
        "infnet-joint": Architecture(
            "covseg_core.models.infnet_joint",
            "InfNetJoint",
            "Inf-Net with a second head: opacity and consolidation at low cost.",
        ),
        "unet": Architecture(
            "covseg_core.models.encoder_unet",
            "EncoderUNet",
            "U-Net on a backbone: the baseline of the papers.",
        ),
        "stichnet": Architecture(
            "covseg_core.models.stichnet",
            "StichNet",
            "StichNet (Zammit 2020): opacity and consolidation, and what-if images.",
            learns_tissues=True,
        ),
    }
)
"""Every network by the name that a model card stores."""


def create_model(architecture: str, **arguments: Any) -> SegmentationNetwork:
    """Build a network with random weights.

    Parameters
    ----------
    architecture : str
        A name in `ARCHITECTURES`.
    **arguments : object
        Keyword arguments of its class, such as ``backbone="resnet50"``.

    Raises
    ------
    ModelRefusedError
        If there is no such architecture or it does not take an argument.
    """
    entry = ARCHITECTURES.get(architecture)
    if entry is None:
        raise ModelRefusedError(
            f"there is no architecture {architecture!r}; "
            f"choose one of {', '.join(ARCHITECTURES)}."
        )
    network_class = getattr(import_module(entry.module), entry.class_name)
    try:
        network: SegmentationNetwork = network_class(**arguments)
    except TypeError as error:
        raise ModelRefusedError(
            f"the architecture {architecture!r} could not be built: {error}"
        ) from error
    return network
