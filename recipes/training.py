"""Train what a recipe says, and go on with what was begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.cli.run_progress import run_and_show
from covseg_core.cli.said import read_config
from covseg_core.errors import UsageError
from covseg_core.learn.config import NewModel
from covseg_core.learn.learn import learn
from covseg_core.learn.plan import PLAN, read_outcome, read_plan, run_folder
from covseg_core.learn.planning import make_plan
from covseg_core.registry.store import find_model
from covseg_core.training.config import TrainSettings

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cli.run_progress import Shown
    from covseg_core.learn.plan import RunPlan
    from covseg_core.registry.store import ModelEntry

__all__ = ["PARENT", "parent_in_fold", "parent_of", "plan_of", "train_once"]

PARENT = "{parent}-fold{fold}"
"""Name of the model that the model of a fold goes on from."""


def parent_of(config: Path) -> str | None:
    """Read which model a recipe goes on from, if any."""
    return _said(config).get("parent")


def parent_in_fold(config: Path, fold: int, pattern: str = PARENT) -> str | None:
    """Name the model that the model of a fold goes on from, if the recipe has one."""
    parent = parent_of(config)
    return None if parent is None else pattern.format(parent=parent, fold=fold)


def plan_of(
    store: CaseReader, name: str, config: Path, *, parent: str | None = None
) -> RunPlan:
    """Plan a model as its recipe says.

    Parameters
    ----------
    store : CaseReader
        What is learnt from.
    name : str
        Of the new model; one that is bundled may have it, too.
    config : Path
        The recipe, a file as for ``covseg train --config``.
    parent : str, optional
        Takes the place of the recipe's parent.
    """
    said = _said(config)
    wanted = {key: said[key] for key in NewModel.model_fields if key in said}
    settings = {key: said[key] for key in TrainSettings.model_fields if key in said}
    if parent is not None:
        wanted["parent"] = parent
    plan = make_plan(
        store,
        f"{name[:50]}-in-planning",
        NewModel.model_validate(wanted),
        TrainSettings.model_validate(settings),
    )
    card = plan.card.model_copy(update={"name": name})
    return plan.model_copy(update={"name": name, "card": card})


def train_once(store: CaseReader, plan: RunPlan, progress: Shown) -> ModelEntry:
    """Train a model, go on with it, or find it, if it is finished.

    Parameters
    ----------
    store : CaseReader
        That the cases of the plan lie in.
    plan : RunPlan
        What to do.
    progress : {"rich", "jsonl", "none"}
        As in ``covseg train``.

    Raises
    ------
    UsageError
        If a run of that name was begun by another plan.
    KeyboardInterrupt
        If the user stops it; the next call goes on.
    """
    begun = (run_folder(plan.name) / PLAN).exists()
    if begun and read_plan(plan.name).model_dump_json() != plan.model_dump_json():
        raise UsageError(
            f"a run {plan.name!r} was begun with other cases or settings; choose "
            "another --name, or another COVSEG_HOME."
        )
    if not begun or read_outcome(plan.name) is None:
        again = "the same command"
        run_and_show(learn(store, plan, resume=begun), progress, again)
    return find_model(plan.name)


def _said(config: Path) -> dict[str, Any]:
    return read_config(config, NewModel, TrainSettings)
