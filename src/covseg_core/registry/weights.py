"""Networks from stored models, and stored models from networks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load, save

from covseg_core.errors import ModelRefusedError, OutputError
from covseg_core.labels import LESIONS
from covseg_core.models import create_model
from covseg_core.registry.card import HU_THRESHOLD
from covseg_core.registry.folder import replace_model
from covseg_core.registry.store import ModelEntry, read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.registry.card import ModelCard

__all__ = [
    "HU_THRESHOLD",
    "LoadedModel",
    "build_model",
    "check_size",
    "load_model",
    "read_weights",
    "save_model",
    "store_model",
]

BYTES_PER_NUMBER = 2
"""The least that a number takes in a file of weights: float16."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to predict.

    Parameters
    ----------
    card : ModelCard
        What is known of it.
    network : SegmentationNetwork or None
        With its weights; None for `HU_THRESHOLD`, which has none.
    """

    card: ModelCard
    network: SegmentationNetwork | None


def load_model(entry: ModelEntry, *, to_train: bool = False) -> LoadedModel:
    """Build a model's network and fill in its weights.

    Parameters
    ----------
    entry : ModelEntry
        From the store.
    to_train : bool
        Load a model, too, that was only pretrained.

    Raises
    ------
    ModelRefusedError
        If the weights are missing, changed, cut, or of another network, the card
        does not go with the network, or the model was only pretrained.
    """
    card = entry.card
    if card.pretext and not to_train:
        raise ModelRefusedError(
            f"the model {card.name!r} was only pretrained; train it first: "
            f"covseg train CASES --name NEW --parent {card.name}"
        )
    if not card.has_network:
        _require_labels(card, LESIONS.name)
        return LoadedModel(card, None)
    return build_model(card, read_weights(entry))


def build_model(card: ModelCard, content: bytes) -> LoadedModel:
    """Build the network of a card and fill in the content of a file of weights.

    Raises
    ------
    ModelRefusedError
        If the content is damaged or of another network, or the card does not go
        with the network.
    """
    network = _build(card)
    _require_labels(card, network.label_set.name)
    try:
        tensors = load(content)
        network.load_state_dict({key: _single(value) for key, value in tensors.items()})
    except SafetensorError as error:
        raise ModelRefusedError(
            f"the weights of the model {card.name!r} cannot be read; "
            "install or import it again."
        ) from error
    except RuntimeError as error:
        raise ModelRefusedError(
            f"the weights of the model {card.name!r} are not those of its "
            f"architecture {card.architecture!r}."
        ) from error
    return LoadedModel(card, network.eval())


def check_size(card: ModelCard, content: bytes) -> None:
    """Refuse a card whose network is too large for weights, before it takes memory.

    Raises
    ------
    ModelRefusedError
        If the network has more numbers than the file can hold.
    """
    import torch

    with torch.device("meta"):
        numbers = sum(value.numel() for value in _build(card).state_dict().values())
    if BYTES_PER_NUMBER * numbers > len(content):
        raise ModelRefusedError(
            f"the network of the model {card.name!r} has {numbers} numbers, which "
            f"weights of {len(content)} bytes cannot hold."
        )


def save_model(
    folder: Path,
    card: ModelCard,
    state: Mapping[str, torch.Tensor],
    *,
    half: bool = False,
) -> ModelEntry:
    """Store a network's weights with their card.

    Parameters
    ----------
    folder : Path
        Of the model's name, made if absent.
    card : ModelCard
        Its hash and date are filled in.
    state : mapping of str to Tensor
        The network's state_dict.
    half : bool
        Store matrices and filters as float16; statistics stay float32.

    Raises
    ------
    OutputError
        If it could not be written; an older model is untouched.
    """
    content = save(
        {
            key: (value.half() if half and value.ndim > 1 else value).cpu().contiguous()
            for key, value in state.items()
        }
    )
    stamp = {
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return store_model(folder, card.model_copy(update=stamp), content)


def store_model(folder: Path, card: ModelCard, weights: bytes) -> ModelEntry:
    """Put a card and the file of weights that it names into a folder, both or none.

    Raises
    ------
    OutputError
        If it could not be written; an older model is untouched.
    """
    text = card.model_dump_json(indent=2) + "\n"
    try:
        replace_model(folder, text, weights, card.weights_sha256)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"the model {card.name!r} could not be written: {error.strerror}. "
            "What was there is untouched."
        ) from error
    return ModelEntry(card, folder, "path")


def _build(card: ModelCard) -> SegmentationNetwork:
    # A card may come from anyone, so it cannot make us fetch anything.
    arguments = {k: v for k, v in card.arguments.items() if k != "pretrained"}
    try:
        return create_model(card.architecture, **arguments)
    except ModelRefusedError:
        raise
    except Exception as error:
        raise ModelRefusedError(
            f"the network of the model {card.name!r} could not be built from the "
            f"arguments in its card ({type(error).__name__})."
        ) from error


def _require_labels(card: ModelCard, needed: str) -> None:
    if card.label_set != needed:
        raise ModelRefusedError(
            f"the card of the model {card.name!r} names the labels "
            f"{card.label_set!r}, but its network answers with {needed!r}."
        )


def _single(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
