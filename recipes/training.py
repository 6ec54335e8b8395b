"""Train what a recipe says, and go on with what was begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from folds import in_fold, name_in

from covseg_core.cli.run_progress import run_and_show
from covseg_core.cli.said import read_config
from covseg_core.errors import ModelRefusedError, UsageError
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

__all__ = ["parent_of", "plan_of", "train", "train_once"]


def train(
    store: CaseReader, name: str, config: Path, fold: int | None, progress: Shown
) -> ModelEntry:
    """Train what a recipe says, and before it what that goes on from.

    Parameters
    ----------
    store, name, config, fold
        As `plan_of` takes them; the recipe of a parent lies beside that of its child.
    progress : {"rich", "jsonl", "none"}
        As in ``covseg train``.

    Raises
    ------
    UsageError
        If a run of that name was begun by another plan, or nothing says how to train
        its parent.
    KeyboardInterrupt
        If the user stops it; the next call goes on.
    """
    parent = parent_of(config)
    if parent is not None and not _is_trained(name_in(parent, fold)):
        recipe = config.with_name(f"{parent}.toml")
        if not recipe.is_file():
            raise UsageError(
                f"{config.name} goes on from {name_in(parent, fold)!r}, which was not "
                f"trained here, and there is no {recipe.name} beside it."
            )
        train(store, parent, recipe, fold, progress)
    return train_once(store, plan_of(store, name, config, fold), progress)


def parent_of(config: Path) -> str | None:
    """Read which model a recipe goes on from, if any."""
    return _said(config).get("parent")


def plan_of(
    store: CaseReader, name: str, config: Path, fold: int | None = None
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
    fold : int, optional
        0 to 4 is held out, and the parent is the one of that fold.
    """
    said = _said(config)
    if (parent := said.get("parent")) is not None:
        said["parent"] = name_in(parent, fold)
    wanted = {key: said[key] for key in NewModel.model_fields if key in said}
    settings = {key: said[key] for key in TrainSettings.model_fields if key in said}
    plan = make_plan(
        store,
        f"{name[:50]}-in-planning",
        NewModel.model_validate(wanted),
        TrainSettings.model_validate(settings),
    )
    card = plan.card.model_copy(update={"name": name})
    plan = plan.model_copy(update={"name": name, "card": card})
    return plan if fold is None else in_fold(plan, fold)


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


def _is_trained(name: str) -> bool:
    """Tell whether a model was trained here; a bundled one was so before."""
    try:
        return find_model(name).origin == "user"
    except ModelRefusedError:
        return False


def _said(config: Path) -> dict[str, Any]:
    return read_config(config, NewModel, TrainSettings)
