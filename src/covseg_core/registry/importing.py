"""Add a model to the user's store: our own folders, or published weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.models.import_published import ChannelOrder, import_state_dict
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import (
    ModelEntry,
    find_model,
    list_models,
    models_folder,
)
from covseg_core.registry.weights import (
    load_model,
    read_weights,
    save_model,
    store_model,
)
from covseg_core.transforms.prepare import Prepare

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["import_model"]

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
        A folder with card and weights, or a published state_dict.
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
        If a prior is given with a folder, which needs none.
    """
    if name in {entry.card.name for entry in list_models()}:
        raise ModelRefusedError(
            f"there is a model {name!r} already; choose another name, "
            "or remove that one first."
        )
    if not path.exists():
        raise ModelRefusedError(f"there is no file or folder {path.name!r}.")
    if path.is_dir():
        if prior is not None:
            raise UsageError(
                f"{path.name!r} is a folder of our own, which needs no --prior; "
                "leave it away."
            )
        return _import_folder(path, name)
    return _import_published(path, name, prior, channel_order)


def _import_folder(path: Path, name: str) -> ModelEntry:
    entry = find_model(str(path.resolve()))
    card = _renamed(entry.card, name)
    if load_model(entry).network is None:
        raise ModelRefusedError(f"{entry.card.name!r} has no weights to import.")
    # The very bytes, so that the hash still tells which model it is.
    return store_model(models_folder() / name, card, read_weights(entry))


def _import_published(
    path: Path, name: str, prior: Path | None, channel_order: ChannelOrder
) -> ModelEntry:
    weights = import_state_dict(path, channel_order=channel_order, prior=prior)
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


def _renamed(card: ModelCard, name: str) -> ModelCard:
    try:
        return ModelCard.model_validate(card.model_dump() | {"name": name})
    except ValidationError as error:
        raise ModelRefusedError(
            f"a model cannot be called {name!r}: use up to 64 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or digit."
        ) from error
