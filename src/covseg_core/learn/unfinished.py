"""Runs that were stopped, and names for new ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import CovsegError
from covseg_core.learn.plan import OUTCOME, PLAN, read_plan, run_folder
from covseg_core.registry.store import is_taken
from covseg_core.training.log import read_rows

if TYPE_CHECKING:
    from covseg_core.cases.reading import CaseReader

__all__ = ["UnfinishedRun", "free_name", "unfinished_runs"]

LONGEST_NAME = 64


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that can go on.

    Parameters
    ----------
    name : str
        Of the model to be.
    parent : str or None
        The model that it goes on from.
    epoch, epochs : int
        Passes that are done, and how many there are to be.
    """

    name: str
    parent: str | None
    epoch: int
    epochs: int


def unfinished_runs(store: CaseReader) -> tuple[UnfinishedRun, ...]:
    """List the stopped runs that learn from the cases of a store, by name."""
    folders = run_folder("x").parent.glob(f"*/{PLAN}")
    names = [file.parent.name for file in folders]
    found = (_unfinished(name, store) for name in sorted(names))
    return tuple(run for run in found if run is not None)


def free_name(parent: str) -> str:
    """Suggest a name for the next model of a line, such as ``parent-2``."""
    stem = re.sub(r"-\d+$", "", parent)[: LONGEST_NAME - 8]
    number = 2
    while is_taken(name := f"{stem}-{number}") or (run_folder(name) / PLAN).exists():
        number += 1
    return name


def _unfinished(name: str, store: CaseReader) -> UnfinishedRun | None:
    if (run_folder(name) / OUTCOME).exists():
        return None
    try:
        plan = read_plan(name)
    except CovsegError:
        # Pretraining and rounds have plans of their own kinds.
        return None
    if not all(store.has(case.case_id) for case in plan.manifest.cases):
        return None
    epoch = max((int(row["epoch"]) for row in read_rows(run_folder(name))), default=0)
    return UnfinishedRun(name, plan.parent, epoch, plan.settings.epochs)
