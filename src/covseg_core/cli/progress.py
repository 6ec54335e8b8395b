"""Show a core generator's progress on stderr and hand on its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Step", "follow"]

_Result = TypeVar("_Result")


class Step(Protocol):
    """How far a generator is; the total is 0 where it is not known."""

    @property
    def stage(self) -> str:
        """What it is doing."""

    @property
    def done(self) -> int:
        """How many of the total."""

    @property
    def total(self) -> int:
        """How many there are."""


def follow(steps: Generator[Step, None, _Result]) -> _Result:
    """Run a generator to its end, with a bar when stderr is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task("Starting", total=None)
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: _Result = stop.value
                return result
            bar.update(
                task,
                description=step.stage,
                completed=step.done,
                total=step.total or None,
            )
