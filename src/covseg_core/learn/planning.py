"""Fix what a run is to do, before it begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covseg_core.cases.freeze import TrainingManifest, freeze
from covseg_core.cases.record import SOURCES, TRUSTED
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.origin import card_for, weights_source
from covseg_core.learn.plan import RunPlan
from covseg_core.registry.card import NAME_PATTERN, ModelCard
from covseg_core.registry.store import find_model, list_models

if TYPE_CHECKING:
    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import State
    from covseg_core.learn.config import NewModel
    from covseg_core.training.config import TrainSettings

__all__ = ["make_plan"]

DONE: tuple[State, ...] = ("done",)


def make_plan(
    store: CaseReader,
    name: str,
    wanted: NewModel,
    settings: TrainSettings,
    *,
    pseudo_labels: bool = False,
) -> RunPlan:
    """Fix what a run is to do: the newest mask of every finished case, and how.

    Parameters
    ----------
    store : CaseReader
        What is learnt from.
    name : str
        Of the new model.
    wanted : NewModel
        Its network, its parent.
    settings : TrainSettings
        How; with a parent, what was not said becomes fit for fine-tuning.
    pseudo_labels : bool
        Learn from masks of models, too, where no one has corrected them.

    Raises
    ------
    UsageError
        If the name is taken or unfit, or what is wanted contradicts itself.
    ModelRefusedError
        If the network cannot be built, or the parent is not there.
    InputRefusedError
        If no finished case is in the training split.
    """
    _require_free_name(name)
    card = card_for(name, wanted)
    sources, states = (SOURCES, ("new", "done")) if pseudo_labels else (TRUSTED, DONE)
    manifest = freeze(store, sources=sources, states=states)
    if not manifest.of_split("train"):
        raise InputRefusedError(
            "the store has no finished case to learn from in its split train, and "
            f"{len(manifest.cases)} in others: add cases of more patients with their "
            "masks, or say `covseg cases state STORE CASE done` of those that are."
        )
    return RunPlan(
        name=card.name,
        card=_with_data(card, manifest, store),
        parent=card.parent,
        weights_from=weights_source(card, wanted.start),
        old_cases=_learnt_by(card.parent, manifest) if wanted.start == "parent" else (),
        manifest=manifest,
        settings=settings if card.parent is None else settings.for_fine_tuning(),
    )


def _require_free_name(name: str) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"a model cannot be called {name!r}: use up to 64 letters, digits, dots, "
            "dashes and underscores, beginning with a letter or digit."
        )
    if name in {entry.card.name for entry in list_models()}:
        raise UsageError(f"there is a model {name!r} already; choose another --name.")


def _learnt_by(parent: str | None, manifest: TrainingManifest) -> tuple[str, ...]:
    """List the cases that the parent has learnt from already."""
    if parent is None:
        return ()
    known = set(find_model(parent).card.training.get("cases", ()))
    cases = manifest.of_split("train")
    return tuple(case.case_id for case in cases if case.image_sha256 in known)


def _with_data(
    card: ModelCard, manifest: TrainingManifest, store: CaseReader
) -> ModelCard:
    """Say in the card what the model learns from, and under which licences."""
    cases = manifest.of_split("train")
    records = [store.read(case.case_id) for case in cases]
    sources = sorted({record.collection for record in records} - {""})
    licences = {record.licence for record in records} | {card.licence}
    patients = len({case.patient for case in cases})
    told = f"{len(cases)} cases of {patients} patients"
    told = f"{told}: {', '.join(sources)}" if sources else told
    return card.model_copy(
        update={
            "data": tuple(dict.fromkeys((*card.data, told))),
            "data_sha256": manifest.sha256,
            "licence": "; ".join(sorted(licences - {""})),
        }
    )
