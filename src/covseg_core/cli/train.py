"""`covseg train`: a new model from the cases of a store, and whether it is better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from covseg_core.cli.said import merged, read_config, refuse_settings
from covseg_core.learn.config import NewModel
from covseg_core.training.config import TrainSettings

__all__ = ["train"]

NOT_PROMOTED = 5


def train(
    cases: Path,
    /,
    *,
    name: str,
    model: Annotated[NewModel, Parameter(name="*")] = NewModel(),  # noqa: B008
    settings: Annotated[TrainSettings, Parameter(name="*")] = TrainSettings(),  # noqa: B008
    config: Path | None = None,
    pseudo_labels: bool = False,
    resume: bool = False,
    progress: Literal["rich", "jsonl", "none"] = "rich",
    json: bool = False,
) -> int:
    """Train a model on the finished cases of a store, or go on from a parent.

    Parameters
    ----------
    cases
        Folder of a case store; see `covseg cases`.
    name
        What the new model is called.
    model
        Which network, and from which weights.
    settings
        How to train.
    config
        TOML file with any of these settings; what is given here comes first.
    pseudo_labels
        Learn from masks of models, too, where no one has corrected them.
    resume
        Go on with a run that was stopped, as it was begun.
    progress
        Bars, one JSON document a line on stdout, or nothing.
    json
        Print the outcome as one JSON document.
    """
    from covseg_core.cases.store import CaseStore
    from covseg_core.cli.run_progress import run_and_show
    from covseg_core.cli.train_progress import show_outcome
    from covseg_core.learn.learn import learn
    from covseg_core.learn.plan import outcome_of, read_plan
    from covseg_core.learn.planning import make_plan

    store = CaseStore(cases)
    outcome = None
    if resume:
        refuse_settings(model, settings, config=config)
        plan = read_plan(name)
        outcome = outcome_of(plan)
    else:
        said = read_config(config, NewModel, TrainSettings)
        plan = make_plan(
            store,
            name,
            merged(NewModel, said, model),
            merged(TrainSettings, said, settings),
            pseudo_labels=pseudo_labels,
        )
    if outcome is None:
        again = f"covseg train CASES --name {plan.name} --resume"
        outcome = run_and_show(learn(store, plan, resume=resume), progress, again)
    if outcome is None:
        return 0
    show_outcome(outcome, as_json=json, jsonl=progress == "jsonl")
    return NOT_PROMOTED if outcome["worse"] else 0
