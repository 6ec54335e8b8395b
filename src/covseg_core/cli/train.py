"""`covseg train`: a new model from the cases of a store, and whether it is better."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from cyclopts import Parameter

from covseg_core.errors import UsageError
from covseg_core.learn.config import NewModel
from covseg_core.training.config import TrainSettings

if TYPE_CHECKING:
    from covseg_core.settings import Settings

__all__ = ["train"]

NOT_PROMOTED = 5

_Kind = TypeVar("_Kind", bound="Settings")


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
    from covseg_core.cli.train_progress import show_outcome, train_and_show
    from covseg_core.learn.plan import read_outcome, read_plan
    from covseg_core.learn.planning import make_plan

    store = CaseStore(cases)
    outcome = None
    if resume:
        _refuse_settings(model, settings, config)
        plan = read_plan(name)
        outcome = read_outcome(name)
    else:
        said = _read(config)
        plan = make_plan(
            store,
            name,
            _merged(NewModel, said, model),
            _merged(TrainSettings, said, settings),
            pseudo_labels=pseudo_labels,
        )
    if outcome is None:
        outcome = train_and_show(store, plan, resume=resume, progress=progress)
    if outcome is None:
        return 0
    show_outcome(outcome, as_json=json, jsonl=progress == "jsonl")
    return NOT_PROMOTED if outcome["worse"] else 0


def _refuse_settings(
    model: NewModel, settings: TrainSettings, config: Path | None
) -> None:
    said = [*model.model_fields_set, *settings.model_fields_set]
    if config is not None:
        said.append("config")
    if said:
        options = ", ".join("--" + name.replace("_", "-") for name in sorted(said))
        raise UsageError(
            f"a run goes on with the settings that it began with; leave {options} away."
        )


def _read(config: Path | None) -> dict[str, Any]:
    """Read a TOML file and refuse what no setting is called."""
    if config is None:
        return {}
    try:
        said = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--config {config.name!r} cannot be read: {_reason(error)}."
        ) from error
    known = {*NewModel.model_fields, *TrainSettings.model_fields}
    if unknown := sorted(set(said) - known):
        raise UsageError(
            f"--config {config.name!r} says {', '.join(unknown)}, which is no setting; "
            f"there are {', '.join(sorted(known))}."
        )
    return said


def _reason(error: Exception) -> str:
    # What the system says of a file holds its whole path.
    return str(getattr(error, "strerror", None) or error)


def _merged(kind: type[_Kind], said: dict[str, Any], given: _Kind) -> _Kind:
    """Take the settings of a file, and those of the command line before them."""
    values = {name: said[name] for name in kind.model_fields if name in said}
    for name, value in given.model_dump(exclude_unset=True).items():
        both = isinstance(value, dict) and isinstance(values.get(name), dict)
        values[name] = values[name] | value if both else value
    return kind.model_validate(values)
