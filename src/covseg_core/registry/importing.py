"""Add a model to the user's store: our folders and bundles, or published weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.models.import_published import ChannelOrder, import_state_dict
from covseg_core.registry.bundle import is_bundle, read_bundle
from covseg_core.registry.card import ModelCard
from covseg_core.registry.home import models_folder
from covseg_core.registry.store import (
    ModelEntry,
    check_weights,
    find_model,
    is_taken,
    read_weights,
)
from covseg_core.registry.weights import (
    build_model,
    check_size,
    save_model,
    store_model,
)
from covseg_core.transforms.prepare import Prepare

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["add_model", "import_model", "require_new_name"]

LABELS_OF = {"infnet": "infection", "multi-infnet": "lesions"}


def import_model(
    path: Path,
    name: str,
    *,
    prior: Path | None = None,
    channel_order: ChannelOrder = "published",
) -> ModelEntry:
    """Add a model to the user's store.

    Parameters
    ----------
    path : Path
        A folder with card and weights, a bundle, or a published state_dict.
    name : str
        What the model is called from now on.
    prior : Path, optional
        The published Inf-Net that makes the prior of a published U-Net.
    channel_order : {"published", "background-first"}
        Order of that U-Net's last layer.

    Raises
    ------
    ModelRefusedError
        If the file is something else or damaged, or the name is taken.
    UsageError
        If a prior or an order of channels is given with what needs none.
    """
    require_new_name(name)
    if not path.exists():
        raise ModelRefusedError(f"there is no file or folder {path.name!r}.")
    if not (path.is_dir() or is_bundle(path)):
        return _import_published(path, name, prior, channel_order)
    needless = "--prior" if prior is not None else _said(channel_order)
    if needless:
        kind = "folder" if path.is_dir() else "bundle"
        raise UsageError(
            f"{path.name!r} is a {kind} of our own, which needs no {needless}; "
            "leave it away."
        )
    card, weights = _read_folder(path) if path.is_dir() else read_bundle(path)
    return add_model(card, weights, name)


def add_model(card: ModelCard, weights: bytes, name: str) -> ModelEntry:
    """Add a model from anyone to the user's store, if it is what it says.

    Parameters
    ----------
    card : ModelCard
        As it came.
    weights : bytes
        Content of its file of weights.
    name : str
        What the model is called from now on.

    Raises
    ------
    ModelRefusedError
        If the weights are not those that the card names, or do not fill its network.
    OutputError
        If it cannot be written.
    """
    renamed = _renamed(card, name)
    _require_network(card)
    check_weights(card, weights)
    check_size(card, weights)
    build_model(card, weights)
    # The very bytes, so that the hash still tells which model it is.
    return store_model(models_folder() / name, renamed, weights)


def require_new_name(name: str) -> None:
    """Raise `ModelRefusedError` if a model has that name."""
    if is_taken(name):
        raise ModelRefusedError(
            f"there is a model {name!r} already; choose another name, "
            "or remove that one first."
        )


def _read_folder(path: Path) -> tuple[ModelCard, bytes]:
    entry = find_model(str(path.resolve()))
    _require_network(entry.card)
    return entry.card, read_weights(entry)


def _require_network(card: ModelCard) -> None:
    if not card.has_network:
        raise ModelRefusedError(f"{card.name!r} has no weights to import.")


def _import_published(
    path: Path, name: str, prior: Path | None, channel_order: ChannelOrder
) -> ModelEntry:
    weights = import_state_dict(path, channel_order=channel_order, prior=prior)
    if _said(channel_order) and weights.architecture != "multi-infnet":
        raise UsageError(
            f"{path.name!r} is no U-Net, so it needs no --channel-order; leave it away."
        )
    if weights.needs_prior:
        raise ModelRefusedError(
            f"{path.name!r} is the second stage of multi-label Inf-Net alone; "
            "give the Inf-Net that makes its prior with --prior."
        )
    card = ModelCard(
        name="imported",
        summary=f"Imported weights of {weights.architecture}.",
        architecture=weights.architecture,
        arguments=dict(weights.arguments),
        label_set=LABELS_OF[weights.architecture],
        prepare=Prepare(size=352),
        licence="As published by their authors; not known to covseg.",
        limits=" ".join(weights.notes),
    )
    return save_model(
        models_folder() / name, _renamed(card, name), dict(weights.state_dict)
    )


def _said(channel_order: ChannelOrder) -> str:
    """Name the option if it says something else than when it is not given."""
    return "" if channel_order == "published" else "--channel-order"


def _renamed(card: ModelCard, name: str) -> ModelCard:
    try:
        return ModelCard.model_validate(card.model_dump() | {"name": name})
    except ValidationError as error:
        raise ModelRefusedError(
            f"a model cannot be called {name!r}: use up to 64 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or digit."
        ) from error
