"""Where models live and how they are found by name.

A model is a folder of its name with ``card.json`` and, but for models without a
network, ``weights.safetensors``.  Bundled models lie beside this file; the user's
own under ``COVSEG_HOME/models``, where a model of the same name comes first.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from covseg_core.errors import ModelRefusedError, OutputError
from covseg_core.registry.card import NAME_PATTERN, ModelCard, parse_card
from covseg_core.registry.folder import CARD, WEIGHTS, place_of_weights, settle
from covseg_core.registry.home import models_folder
from covseg_core.registry.locking import locked

__all__ = [
    "DEFAULT_MODEL",
    "LUNGS_MODEL",
    "ModelEntry",
    "check_weights",
    "find_model",
    "is_taken",
    "left_out",
    "list_models",
    "models_folder",
    "read_weights",
    "remove_model",
]

BUNDLED = Path(__file__).parent / "bundled"
DEFAULT_MODEL = "infnet-multi-small"
LUNGS_MODEL = "lungs-small"
"""What finds the lungs where nobody gave them."""

Origin: TypeAlias = Literal["bundled", "user", "path"]


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be loaded.

    Parameters
    ----------
    card : ModelCard
        What is known of it.
    folder : Path
        Where it lies.
    origin : {"bundled", "user", "path"}
        How it was found.
    """

    card: ModelCard
    folder: Path
    origin: Origin

    @property
    def weights(self) -> Path:
        """The file of weights; models without a network have none."""
        return place_of_weights(self.folder, self.card.weights_sha256)


def list_models() -> tuple[ModelEntry, ...]:
    """List every model by name; `left_out` says which folders are no such model."""
    return _survey()[0]


def left_out() -> tuple[str, ...]:
    """Say of each folder with a card that `list_models` leaves out why, by name."""
    return _survey()[1]


def is_taken(name: str) -> bool:
    """Tell whether a folder of the stores has that name, readable or not."""
    return _is_name(name) and any(
        (store / name / CARD).exists() for _, store in _stores()
    )


def find_model(name_or_path: str) -> ModelEntry:
    """Find a model by name or, if there is none of that name, by its folder's path.

    Raises
    ------
    ModelRefusedError
        If there is none; lists the names there are.
    """
    if _is_name(name_or_path):
        for origin, store in _stores():
            if (store / name_or_path / CARD).is_file():
                return _read_stored(store / name_or_path, origin)
    path = Path(name_or_path)
    folder = path.parent if path.name in (CARD, WEIGHTS) else path
    if (folder / CARD).is_file():
        return _read_entry(folder, "path")
    names = ", ".join(entry.card.name for entry in list_models())
    raise ModelRefusedError(
        f"there is no model {path.name!r}; there are {names}. "
        "`covseg models import` adds one."
    )


def read_weights(entry: ModelEntry) -> bytes:
    """Read the file of weights and check that it is the one that the card names.

    Raises
    ------
    ModelRefusedError
        If it is missing, changed or cut.
    """
    name = entry.card.name
    try:
        content = entry.weights.read_bytes()
    except FileNotFoundError as error:
        raise ModelRefusedError(
            f"the model {name!r} has no weights; import it again."
        ) from error
    except OSError as error:
        raise ModelRefusedError(
            f"the weights of the model {name!r} cannot be read: {error.strerror}."
        ) from error
    check_weights(entry.card, content)
    return content


def check_weights(card: ModelCard, content: bytes) -> None:
    """Raise `ModelRefusedError` unless weights are those that the card names."""
    if hashlib.sha256(content).hexdigest() != card.weights_sha256:
        raise ModelRefusedError(
            f"the weights of the model {card.name!r} are not the ones that its "
            "card names: the file was changed or cut. Import it again."
        )


def remove_model(name: str) -> None:
    """Delete one of the user's models, a damaged one too.

    Of a folder that is a link only the link goes.

    Raises
    ------
    ModelRefusedError
        If there is none of that name, or it is bundled.
    OutputError
        If its folder cannot be deleted.
    """
    folder = models_folder() / name
    if not _is_name(name) or not (folder / CARD).is_file():
        if find_model(name).origin == "bundled":
            raise ModelRefusedError(f"{name!r} is bundled with covseg and stays.")
        raise ModelRefusedError(
            f"{Path(name).name!r} is not in your model store; delete its folder "
            "yourself."
        )
    try:
        with locked(folder):
            if folder.is_symlink():
                # What it leads to is not of this store.
                folder.unlink()
                return
            # Without its card it is no model, should deleting the rest be cut short.
            (folder / CARD).unlink()
            shutil.rmtree(folder)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"the model {name!r} could not be deleted: {error.strerror}."
        ) from error


def _stores() -> tuple[tuple[Origin, Path], ...]:
    """Give the stores, the one that comes first at the front."""
    return ("user", models_folder()), ("bundled", BUNDLED)


def _survey() -> tuple[tuple[ModelEntry, ...], tuple[str, ...]]:
    """Read every model, and say of each folder that cannot be read why."""
    found: dict[str, ModelEntry] = {}
    refused: dict[str, str] = {}
    for origin, store in reversed(_stores()):
        for card in store.glob(f"*/{CARD}"):
            name = card.parent.name
            try:
                found[name] = _read_stored(card.parent, origin)
            except ModelRefusedError as error:
                refused[name] = f"{name!r} is left out: {error}"
    models = tuple(found[name] for name in sorted(found))
    return models, tuple(refused[name] for name in sorted(refused))


def _is_name(name: str) -> bool:
    return re.fullmatch(NAME_PATTERN, name) is not None


def _read_stored(folder: Path, origin: Origin) -> ModelEntry:
    """Read a model of a store, whose folder has its name."""
    if origin == "user":
        settle(folder)
    entry = _read_entry(folder, origin)
    if entry.card.name != folder.name:
        raise ModelRefusedError(
            f"the model in the folder {folder.name!r} calls itself "
            f"{entry.card.name!r}; give both one name."
        )
    return entry


def _read_entry(folder: Path, origin: Origin) -> ModelEntry:
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelRefusedError(
            f"the card of the model {folder.name!r} cannot be read."
        ) from error
    return ModelEntry(parse_card(text), folder, origin)
