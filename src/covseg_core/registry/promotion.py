"""Which model `predict` runs when none is named, and the way back.

``promoted.json`` in the user's store holds every promotion.  The newest one that
was not taken back counts, if its model is still there with the weights that were
promoted; else the one before it; else the bundled default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import INFECTION, LESIONS
from covseg_core.registry.history import (
    Promotion,
    history_file,
    now_utc,
    read_history,
    write_history,
)
from covseg_core.registry.locking import locked
from covseg_core.registry.store import DEFAULT_MODEL, find_model, read_weights

if TYPE_CHECKING:
    from covseg_core.registry.store import ModelEntry

__all__ = ["OUTLINES", "Standing", "promote", "promoted", "rollback", "standing"]

OUTLINES = (INFECTION.name, LESIONS.name)
"""Label sets of the models that `predict` can run."""


@dataclass(frozen=True)
class Standing:
    """What `predict` runs when no model is named, and why not another.

    Parameters
    ----------
    name : str
        The model.
    passed_over : tuple of str
        Of each newer promotion that cannot be followed, why, in a sentence.
    """

    name: str
    passed_over: tuple[str, ...] = ()


def promoted() -> str:
    """Name the model that `predict` runs when none is named.

    Raises
    ------
    ModelRefusedError
        If the history is damaged.
    """
    return standing().name


def standing() -> Standing:
    """Tell which model is promoted and which promotions cannot be followed.

    Raises
    ------
    ModelRefusedError
        If the history is damaged.
    """
    found, passed_over = _newest_that_runs(read_history())
    return Standing(found.name if found else DEFAULT_MODEL, passed_over)


def promote(name: str) -> None:
    """Let `predict` run a model of the store when none is named.

    Raises
    ------
    ModelRefusedError
        If there is none of that name, it does not load or it outlines something
        else than infection, or the history is damaged.
    OutputError
        If it could not be noted; nothing has changed then.
    """
    entry = _require_promotable(name)
    new = Promotion(
        name=entry.card.name,
        weights_sha256=entry.card.weights_sha256,
        promoted_utc=now_utc(),
    )
    with locked(history_file()):
        history = read_history()
        newest = next((each for each in reversed(history) if each.counts), None)
        if newest is None or not newest.is_same_model(new):
            write_history((*history, new))


def rollback() -> str:
    """Go back to the model that was promoted before, and give its name.

    Raises
    ------
    ModelRefusedError
        If there is none to go back to, or the history is damaged.
    OutputError
        If it could not be noted; nothing has changed then.
    """
    with locked(history_file()):
        history = read_history()
        present, _ = _newest_that_runs(history)
        if present is None:
            raise ModelRefusedError(_nothing(DEFAULT_MODEL))
        kept = _taken_back(history, present)
        before, _ = _newest_that_runs(kept)
        name = before.name if before else DEFAULT_MODEL
        if before is None and _is_bundled_default(present):
            raise ModelRefusedError(_nothing(present.name))
        write_history(kept)
    return name


def _require_promotable(name: str) -> ModelEntry:
    from covseg_core.registry.weights import load_model

    entry = find_model(name)
    if entry.origin == "path":
        raise ModelRefusedError(
            f"{entry.card.name!r} is not in your model store; import it first."
        )
    if entry.card.label_set not in OUTLINES:
        raise ModelRefusedError(
            f"the model {name!r} finds {entry.card.label_set}; `predict` needs one "
            f"that finds {' or '.join(OUTLINES)}."
        )
    load_model(entry)
    return entry


def _newest_that_runs(
    history: tuple[Promotion, ...],
) -> tuple[Promotion | None, tuple[str, ...]]:
    """Find the promotion that counts, and why newer ones do not."""
    passed_over: list[str] = []
    for each in reversed([each for each in history if each.counts]):
        trouble = _trouble(each)
        if trouble is None:
            return each, tuple(passed_over)
        passed_over.append(trouble)
    return None, tuple(passed_over)


def _trouble(promotion: Promotion) -> str | None:
    """Say why a promoted model cannot be run; None if it can."""
    name = promotion.name
    try:
        entry = find_model(name)
        if entry.origin == "path":
            return f"{name!r} was promoted, but is not there any more."
        if entry.card.weights_sha256 != promotion.weights_sha256:
            return f"{name!r} was promoted, but has other weights since."
        if entry.card.has_network:
            read_weights(entry)
    except ModelRefusedError:
        return f"{name!r} was promoted, but is damaged or not there any more."
    return None


def _taken_back(
    history: tuple[Promotion, ...], present: Promotion
) -> tuple[Promotion, ...]:
    """Take back the present model and all that follows what came before it."""
    now = now_utc()
    kept = list(history)
    for index in range(len(kept) - 1, -1, -1):
        if kept[index].counts:
            if _trouble(kept[index]) is None and not kept[index].is_same_model(present):
                break
            kept[index] = kept[index].model_copy(update={"taken_back_utc": now})
    return tuple(kept)


def _is_bundled_default(promotion: Promotion) -> bool:
    return (
        promotion.name == DEFAULT_MODEL
        and find_model(DEFAULT_MODEL).origin == "bundled"
    )


def _nothing(name: str) -> str:
    return f"there is nothing to go back to: `predict` runs the bundled {name!r}."
