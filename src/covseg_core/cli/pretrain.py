"""`covseg pretrain`: weights to train from, learnt where nobody outlined anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from covseg_core.cli.output import say, say_json, say_line
from covseg_core.cli.said import merged, read_config, refuse_settings
from covseg_core.errors import UsageError
from covseg_core.learn.config import NewNetwork
from covseg_core.training.pretrain_config import PretrainSettings

__all__ = ["pretrain"]


def pretrain(
    images: Annotated[list[Path], Parameter(name="IMAGES", consume_multiple=True)],
    /,
    *,
    name: str,
    model: Annotated[NewNetwork, Parameter(name="*")] = NewNetwork(),  # noqa: B008
    settings: Annotated[PretrainSettings, Parameter(name="*")] = PretrainSettings(),  # noqa: B008
    config: Path | None = None,
    resume: bool = False,
    progress: Literal["rich", "jsonl", "none"] = "rich",
    json: bool = False,
) -> None:
    """Learn from scans without masks; `train --parent` goes on from what was learnt.

    Parameters
    ----------
    images
        DICOM folders or files, NIfTI files, pictures, folders of them, case stores.
    name
        What the pretrained model is called.
    model
        Which network.
    settings
        How to pretrain.
    config
        TOML file with any of these settings; what is given here comes first.
    resume
        Go on with a run that was stopped, as it was begun.
    progress
        Bars, one JSON document a line on stdout, or nothing.
    json
        Print the outcome as one JSON document.
    """
    from covseg_core.cli.run_progress import run_and_show
    from covseg_core.learn.plan import outcome_of, read_plan_as
    from covseg_core.learn.pretrain import learn_pretext
    from covseg_core.learn.pretrain_plan import (
        PretrainPlan,
        plan_pretraining,
        require_same_scans,
    )
    from covseg_core.learn.unlabelled import find_unlabelled

    if not images:
        raise UsageError("give at least one scan, picture, folder or case store.")
    scans = find_unlabelled(images, outlined_too=True)
    outcome = None
    if resume:
        refuse_settings(model, settings, config=config)
        plan = read_plan_as(PretrainPlan, name)
        require_same_scans(plan, scans)
        outcome = outcome_of(plan)
    else:
        said = read_config(config, NewNetwork, PretrainSettings)
        wanted = merged(NewNetwork, said, model)
        how = merged(PretrainSettings, said, settings)
        plan = plan_pretraining(scans, name, wanted, how)
    if outcome is None:
        again = f"covseg pretrain IMAGES --name {name} --resume"
        steps = learn_pretext(scans, plan, resume=resume)
        outcome = run_and_show(steps, progress, again)
    if outcome is not None:
        _show(outcome, as_json=json, jsonl=progress == "jsonl")


def _show(outcome: dict[str, Any], *, as_json: bool, jsonl: bool) -> None:
    if jsonl:
        say_line({"event": "outcome", **outcome})
    elif as_json:
        say_json(outcome)
    else:
        name, slices = outcome["model"], outcome["slices"]
        say(f"{name}: pretrained by {outcome['pretext']} on {slices} slices.")
        say(f"Train it: covseg train CASES --name NEW --parent {name}")
