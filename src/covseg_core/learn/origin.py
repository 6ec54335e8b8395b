"""Where a run begins: random weights, a parent's, or those of the first model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import torch

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.models import create_model
from covseg_core.models.backbones import BACKBONES
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.transforms.prepare import Prepare

if TYPE_CHECKING:
    from covseg_core.learn.config import NewModel
    from covseg_core.learn.plan import RunPlan
    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.registry.store import ModelEntry

__all__ = ["card_for", "find_parent", "first_network", "weights_source"]

DEFAULT_ARCHITECTURE = "infnet"
DEFAULT_BACKBONE = "resnet10t"
DEFAULT_SIZE = 256
UNET_LABELS: dict[str, dict[str, Any]] = {
    "infection": {"classes": 1},
    "lesions": {"classes": 3},
    "lungs": {"classes": 3, "labels": "lungs"},
}
HOLD_AN_INFNET = ("infnet-joint", "multi-infnet")
# The published widths suit the backbones of the papers, these any smaller one.
SMALL: dict[str, dict[str, Any]] = {
    "infnet": {"ra_channels": (64, 48, 32), "edge_channels": 32},
    "infnet-joint": {
        "ra_channels": (32, 32, 32),
        "edge_channels": 32,
        "channels": 16,
        "width": 8,
    },
    "multi-infnet": {"ra_channels": (64, 48, 32), "edge_channels": 32, "width": 12},
    "stichnet": {
        "backbone": "mobilenetv2_050",
        "widths": (16, 24, 32, 48, 64),
        "latent_channels": 4,
    },
}

# Lungs are plain to see, and every scan has to wait for them.
SMALL_FOR_LUNGS = {"width": 8}

# A network that draws the slice needs to see its grey.
PREPARE: dict[str, dict[str, Any]] = {
    "stichnet": {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
}


def card_for(name: str, wanted: NewModel) -> ModelCard:
    """Describe the model that a run will make.

    Raises
    ------
    UsageError
        If what is wanted contradicts itself, or the parent is a folder that is not
        among the models here.
    ModelRefusedError
        If the network cannot be built, or the parent is not there.
    """
    if wanted.parent is None:
        if wanted.start == "base":
            raise UsageError("--start base goes with --parent; leave it away.")
        return _card_from_scratch(name, wanted)
    for option in ("backbone", "labels"):
        if getattr(wanted, option) is not None:
            raise UsageError(
                f"--{option} is the parent's to say; leave it away, or --parent."
            )
    card = _card_from_parent(name, wanted.parent, wanted.arch)
    if wanted.size is None:
        return card
    prepare = card.prepare.model_copy(update={"size": wanted.size})
    return card.model_copy(update={"prepare": prepare})


def _card_from_scratch(name: str, wanted: NewModel) -> ModelCard:
    architecture = wanted.arch or DEFAULT_ARCHITECTURE
    arguments: dict[str, Any] = {"backbone": DEFAULT_BACKBONE}
    small = wanted.backbone not in BACKBONES
    if small:
        arguments |= SMALL.get(architecture, {})
    if architecture == "unet" and wanted.labels is not None:
        arguments |= UNET_LABELS[wanted.labels]
        if wanted.labels == LUNGS.name and small:
            arguments |= SMALL_FOR_LUNGS
    if wanted.backbone is not None:
        arguments["backbone"] = wanted.backbone
    with torch.device("meta"):
        network = create_model(architecture, **arguments)
    if wanted.labels not in (None, network.label_set.name):
        raise UsageError(
            f"--arch {architecture} outlines {network.label_set.name}, not "
            f"{wanted.labels}; leave --labels away or choose another --arch."
        )
    return ModelCard(
        name=name,
        summary=f"{architecture} on {arguments['backbone']}, trained from scratch.",
        architecture=architecture,
        arguments=arguments,
        label_set=network.label_set.name,
        prepare=Prepare(
            size=wanted.size or DEFAULT_SIZE,
            # Whoever looks for the lungs cannot be shown their box.
            crop="none" if network.label_set == LUNGS else "lungs",
            **PREPARE.get(architecture, {}),
        ),
    )


def _card_from_parent(name: str, parent: str, architecture: str | None) -> ModelCard:
    entry = find_model(parent)
    if not entry.weights.is_file():
        raise ModelRefusedError(
            f"the model {parent!r} has no network that could be trained; "
            "choose another --parent."
        )
    card = _second_stage(entry.card, architecture)
    if card.pretext:
        # What was said of weights that cannot outline is true no more.
        card = card.model_copy(update={"pretext": "", "limits": ""})
    how = "trained" if entry.card.pretext else "fine-tuned"
    # From here on a parent that was given by its folder is known by its name.
    find_parent(entry.card.name, entry.card.weights_sha256)
    return card.model_copy(
        update={
            "name": name,
            "summary": f"{card.name}, {how}.",
            "parent": card.name,
            "parent_sha256": card.weights_sha256,
            "base": card.base or card.name,
            "weights_sha256": "",
            "created_utc": "",
            "metrics": {},
            # Measured on the parent's weights, and true of no others.
            "temperature": 1.0,
            "calibration": {},
            "failures": (),
        }
    )


def _second_stage(card: ModelCard, architecture: str | None) -> ModelCard:
    if architecture in (None, card.architecture):
        return card
    if architecture == "infnet" and card.architecture in HOLD_AN_INFNET:
        return _first_stage(card)
    if (card.architecture, architecture) != ("infnet", "multi-infnet"):
        raise ModelRefusedError(
            f"the parent {card.name!r} is of the architecture {card.architecture!r}, "
            f"not {architecture!r}; leave --arch away."
        )
    if card.pretext:
        raise ModelRefusedError(
            f"the parent {card.name!r} was only pretrained, so no second stage can be "
            "put on it; train it first, or pretrain with --arch multi-infnet."
        )
    width = {"width": SMALL["multi-infnet"]["width"]}
    return card.model_copy(
        update={
            "architecture": architecture,
            "label_set": LESIONS.name,
            "arguments": {**card.arguments, **width},
        }
    )


def _first_stage(card: ModelCard) -> ModelCard:
    arguments = {k: v for k, v in card.arguments.items() if k != "width"}
    change = {
        "architecture": "infnet",
        "label_set": INFECTION.name,
        "arguments": arguments,
    }
    return card.model_copy(update=change)


def find_parent(name: str, weights_sha256: str) -> ModelEntry:
    """Find a parent by its name and the hash of its weights.

    Raises
    ------
    UsageError
        If it is not here, or another model has its name.
    """
    words = (
        f"the parent {name!r} is not among the models here; "
        "bring it in with `covseg models import`."
    )
    try:
        entry = find_model(name)
    except ModelRefusedError as error:
        raise UsageError(words) from error
    if entry.card.weights_sha256 != weights_sha256:
        raise UsageError(words)
    return entry


def weights_source(card: ModelCard, start: Literal["parent", "base"]) -> str | None:
    """Name the model whose weights a run begins with; None is random weights.

    Raises
    ------
    UsageError
        If that model is not here, or was another, pretrained network.
    """
    if card.parent is None:
        return None
    source = card.parent if start == "parent" else card.base or card.parent
    if source == card.parent:
        first = find_parent(source, card.parent_sha256).card
    else:
        first = _first_of_line(source)
    if first.pretext and first.architecture != card.architecture:
        raise UsageError(
            f"the first model {source!r} of this line was only pretrained, as "
            f"{first.architecture}; start from the parent with --start parent."
        )
    return source


def _first_of_line(name: str) -> ModelCard:
    try:
        return find_model(name).card
    except ModelRefusedError as error:
        raise UsageError(
            f"the first model {name!r} of this line is not here any more; "
            "start from the parent with --start parent."
        ) from error


def first_network(plan: RunPlan) -> SegmentationNetwork:
    """Build the network that a run begins with.

    A second stage that is put on a first one leaves that as it is; a first one that is
    taken out of a network of two learns on alone.

    Raises
    ------
    UsageError
        If the parent is not here any more, or another model has its name.
    ModelRefusedError
        If it cannot be built, or the weights cannot be read or are of another
        network.
    """
    torch.manual_seed(plan.settings.seed)
    if plan.weights_from is None:
        return create_model(plan.card.architecture, **plan.card.arguments)
    if plan.weights_from == plan.card.parent:
        entry = find_parent(plan.weights_from, plan.card.parent_sha256)
    else:
        entry = find_model(plan.weights_from)
    source = load_model(entry, to_train=True)
    if source.network is None:
        raise ModelRefusedError(f"{plan.weights_from!r} has no network.")
    if source.card.architecture == plan.card.architecture:
        return source.network
    if plan.card.architecture == "infnet":
        return cast("SegmentationNetwork", source.network.get_submodule("prior"))
    network = create_model(plan.card.architecture, **plan.card.arguments)
    prior = network.get_submodule("prior")
    prior.load_state_dict(source.network.state_dict())
    prior.requires_grad_(requires_grad=False)
    return network
