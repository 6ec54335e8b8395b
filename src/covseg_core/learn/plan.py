"""What a run is to do, fixed when it begins and kept beside its checkpoints."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field, ValidationError

from covseg_core.cases.freeze import TrainingManifest
from covseg_core.cases.seal import digest_of
from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.atomic import write_json
from covseg_core.registry.card import NAME_PATTERN, ModelCard
from covseg_core.registry.store import list_models, models_folder
from covseg_core.settings import Settings
from covseg_core.training.config import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "OUTCOME",
    "PLAN",
    "Plan",
    "RunPlan",
    "beginning",
    "discard_run",
    "outcome_of",
    "read_outcome",
    "read_plan",
    "read_plan_as",
    "require_own_name",
    "run_folder",
    "write_plan",
]

PLAN = "run.json"
OUTCOME = "outcome.json"

_Plan = TypeVar("_Plan", bound="Plan")


class Plan(Settings):
    """What every run has: its name, and the card of the model to be.

    The card is without what training will find out.
    """

    name: str = Field(pattern=NAME_PATTERN)
    card: ModelCard

    @property
    def sha256(self) -> str:
        """Hash of all that the run is to do; its model tells it as `plan_sha256`."""
        return digest_of(self.model_dump(mode="json"))


class RunPlan(Plan):
    """What a training is to do.

    `weights_from` names the model that the weights come from, if they do not start
    at random; `parent_share` of them is mixed into what is learnt.
    """

    parent: str | None = None
    weights_from: str | None = None
    parent_share: float = Field(default=0.0, ge=0, lt=1)
    old_cases: tuple[str, ...] = ()
    manifest: TrainingManifest
    settings: TrainSettings


def run_folder(name: str) -> Path:
    """Name the folder of a run: ``COVSEG_HOME/runs/<name>``."""
    return models_folder().parent / "runs" / name


def write_plan(plan: Plan) -> None:
    """Begin a run; one of that name that is finished, and its model removed, goes.

    Raises
    ------
    UsageError
        If there is another one of that name already, or a model.
    OutputError
        If its folder cannot be made.
    """
    folder = run_folder(plan.name)
    if (folder / OUTCOME).exists() and _stored(plan.name) is None:
        discard_run(plan.name)
    if (folder / PLAN).exists():
        raise UsageError(
            f"a run {plan.name!r} has begun already; go on with --resume, or choose "
            "another --name."
        )
    require_own_name(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder of the run could not be made: {error.strerror}. "
            "Set COVSEG_HOME to a folder that you may write in."
        ) from error
    write_json(folder / PLAN, plan.model_dump(mode="json"))


@contextmanager
def beginning(plan: Plan) -> Iterator[None]:
    """Begin a run; a scan or mask that is refused in the block leaves nothing of it.

    Its name is free then, so that the same command begins again when that is mended.
    Raises as `write_plan` does.
    """
    write_plan(plan)
    try:
        yield
    except InputRefusedError:
        discard_run(plan.name)
        raise


def read_plan(name: str) -> RunPlan:
    """Read the plan of a run that has begun; see `read_plan_as`."""
    return read_plan_as(RunPlan, name)


def read_plan_as(kind: type[_Plan], name: str) -> _Plan:
    """Read the plan of a run of some kind that has begun.

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
        return kind.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise InputRefusedError(
            f"the plan of the run {name!r} cannot be read, or another command began "
            "it; go on with that one, or begin anew under another --name."
        ) from error


def read_outcome(name: str) -> dict[str, Any] | None:
    """Read what came of a run; None if it is not finished."""
    file = run_folder(name) / OUTCOME
    if not file.is_file():
        return None
    outcome: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return outcome


def outcome_of(plan: Plan) -> dict[str, Any] | None:
    """Read what came of a run that is to go on; None if it is not finished.

    Raises
    ------
    UsageError
        If another model took its name, or it is finished and its model is gone.
    """
    outcome = read_outcome(plan.name)
    if outcome is None:
        require_own_name(plan)
        return None
    card = _stored(plan.name)
    if card is None or card.weights_sha256 != outcome["weights_sha256"]:
        raise UsageError(
            f"the run {plan.name!r} is finished and its model is gone; leave --resume "
            "away to train again, or choose another --name if a model has that one."
        )
    return outcome


def require_own_name(plan: Plan) -> None:
    """Raise `UsageError` if a model that is not of this run has its name by now."""
    card = _stored(plan.name)
    # A run that was killed at its very end may have stored its model.
    if card is not None and card.training.get("plan_sha256") != plan.sha256:
        raise UsageError(
            f"there is another model {plan.name!r} by now, which this run would "
            "overwrite: export it if you need it, remove it with "
            f"`covseg models remove {plan.name}`, then go on with --resume."
        )


def _stored(name: str) -> ModelCard | None:
    """Find the card of a model of the user's; a bundled one can be trained anew."""
    entries = (entry for entry in list_models() if entry.origin == "user")
    return next((entry.card for entry in entries if entry.card.name == name), None)


def discard_run(name: str, *, but: tuple[str, ...] = ()) -> None:
    """Delete what a finished run leaves, but for the files named in `but`."""
    for entry in os.scandir(run_folder(name)):
        if entry.name in but:
            continue
        if entry.is_dir():
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)
