"""`covseg self-train`: rounds of pseudo-labels, and whether the model is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from covseg_core.cli.said import merged, read_config, refuse_settings
from covseg_core.errors import UsageError
from covseg_core.learn.rounds.config import SelfTrainSettings

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.learn import Outcome
    from covseg_core.learn.rounds.plan import Gathered, RoundsPlan
    from covseg_core.learn.rounds.run import RoundsEvent

__all__ = ["self_train"]

NOT_PROMOTED = 5


def self_train(
    cases: Path,
    unlabelled: Annotated[
        list[Path] | None, Parameter(name="UNLABELLED", consume_multiple=True)
    ] = None,
    /,
    *,
    name: str,
    parent: str | None = None,
    settings: Annotated[SelfTrainSettings, Parameter(name="*")] = SelfTrainSettings(),  # noqa: B008
    config: Path | None = None,
    resume: bool = False,
    progress: Literal["rich", "jsonl", "none"] = "rich",
    json: bool = False,
) -> int:
    """Train a model on the cases of a store and on its own masks of unlabelled scans.

    Parameters
    ----------
    cases
        Folder of a case store, with true masks; gets the scans and their masks.
    unlabelled
        DICOM folders or files, NIfTI files, pictures, folders of them, case stores.
    name
        What the new model is called.
    parent
        Model to go on from; the new one takes its place if it is no worse.
    settings
        How to train.
    config
        TOML file with any of these settings; what is given here comes first.
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
    from covseg_core.learn.plan import outcome_of, read_plan_as
    from covseg_core.learn.rounds.plan import RoundsPlan

    store = CaseStore(cases)
    outcome = None
    if resume:
        _refuse_parent(parent)
        refuse_settings(settings, config=config)
        plan = read_plan_as(RoundsPlan, name)
        outcome = outcome_of(plan)
        steps = _go_on(store, plan)
    else:
        said = read_config(config, SelfTrainSettings)
        how = merged(SelfTrainSettings, said, settings)
        steps = _begin(store, unlabelled or [], name, _required(parent), how)
    if outcome is None:
        again = f"covseg self-train CASES --name {name} --resume"
        outcome = run_and_show(steps, progress, again)
    if outcome is None:
        return 0
    show_outcome(outcome, as_json=json, jsonl=progress == "jsonl")
    return NOT_PROMOTED if outcome["worse"] else 0


def _begin(
    store: CaseStore,
    unlabelled: list[Path],
    name: str,
    parent: str,
    settings: SelfTrainSettings,
) -> Generator[Gathered | RoundsEvent, None, Outcome]:
    from covseg_core.learn.rounds import plan, run
    from covseg_core.learn.unlabelled import find_unlabelled

    if not unlabelled:
        raise UsageError("give at least one unlabelled scan, picture, folder or store.")
    scans = find_unlabelled(unlabelled)
    try:
        made = yield from plan.plan_rounds(store, scans, name, parent, settings)
    except GeneratorExit:
        raise KeyboardInterrupt(
            "stopped before the first round; start again with the same command. "
            "The scans that were gathered are kept."
        ) from None
    return (yield from run.self_train(store, made))


def _go_on(
    store: CaseStore, plan: RoundsPlan
) -> Generator[Gathered | RoundsEvent, None, Outcome]:
    from covseg_core.learn.rounds.run import self_train

    return (yield from self_train(store, plan, resume=True))


def _refuse_parent(parent: str | None) -> None:
    if parent is not None:
        raise UsageError("a run goes on with the parent that it has; leave it away.")


def _required(parent: str | None) -> str:
    if parent is None:
        raise UsageError(
            "give the model that makes the first pseudo-labels with --parent."
        )
    return parent
