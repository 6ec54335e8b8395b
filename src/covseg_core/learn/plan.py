"""What a run is to do, fixed when it begins and kept beside its checkpoints."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from covseg_core.cases.freeze import TrainingManifest, freeze
from covseg_core.cases.record import SOURCES, TRUSTED
from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.atomic import write_json
from covseg_core.learn.origin import card_for, weights_source
from covseg_core.registry.card import NAME_PATTERN, ModelCard
from covseg_core.registry.store import find_model, list_models, models_folder
from covseg_core.settings import Settings
from covseg_core.training.config import TrainSettings

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import State
    from covseg_core.learn.config import NewModel

__all__ = [
    "OUTCOME",
    "RunPlan",
    "discard_run",
    "make_plan",
    "read_outcome",
    "read_plan",
    "run_folder",
    "write_plan",
]

PLAN = "run.json"
OUTCOME = "outcome.json"
DONE: tuple[State, ...] = ("done",)


class RunPlan(Settings):
    """What a run is to do.

    `card` is the card of the model to be, without what training will find out;
    `weights_from` names the model that the weights come from, if they do not start
    at random.
    """

    name: str = Field(pattern=NAME_PATTERN)
    card: ModelCard
    parent: str | None = None
    weights_from: str | None = None
    old_cases: tuple[str, ...] = ()
    manifest: TrainingManifest
    settings: TrainSettings


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
            "the store has no finished case to learn from: add cases with their masks, "
            "or say `covseg cases state STORE CASE done` of those that are."
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


def run_folder(name: str) -> Path:
    """Name the folder of a run: ``COVSEG_HOME/runs/<name>``."""
    return models_folder().parent / "runs" / name


def write_plan(plan: RunPlan) -> None:
    """Begin a run.

    Raises
    ------
    UsageError
        If there is one of that name already.
    OutputError
        If its folder cannot be made.
    """
    folder = run_folder(plan.name)
    if (folder / PLAN).exists():
        raise UsageError(
            f"a run {plan.name!r} has begun already; go on with --resume, or choose "
            "another --name."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder of the run could not be made: {error.strerror}. "
            "Set COVSEG_HOME to a folder that you may write in."
        ) from error
    write_json(folder / PLAN, plan.model_dump(mode="json"))


def read_plan(name: str) -> RunPlan:
    """Read the plan of a run that has begun.

    Raises
    ------
    UsageError
        If there is no such run.
    InputRefusedError
        If its plan cannot be read.
    """
    file = run_folder(name) / PLAN
    if not file.is_file():
        raise UsageError(
            f"there is no run {name!r} to go on with; leave --resume away to begin it."
        )
    try:
        return RunPlan.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise InputRefusedError(
            f"the plan of the run {name!r} cannot be read; begin it anew under "
            "another --name."
        ) from error


def read_outcome(name: str) -> dict[str, Any] | None:
    """Read what came of a run; None if it is not finished."""
    file = run_folder(name) / OUTCOME
    if not file.is_file():
        return None
    outcome: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return outcome


def discard_run(name: str, *, but: tuple[str, ...] = ()) -> None:
    """Delete what a finished run leaves, but for the files named in `but`."""
    for entry in os.scandir(run_folder(name)):
        if entry.name in but:
            continue
        if entry.is_dir():
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)


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
