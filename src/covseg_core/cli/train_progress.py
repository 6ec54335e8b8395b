"""Show how training goes, let it be stopped, and tell what came of it."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from covseg_core.cli.output import say, say_json
from covseg_core.learn.compare import Compared
from covseg_core.learn.learn import LearnEvent, learn
from covseg_core.learn.slices import Prepared
from covseg_core.training.devices import is_first_process
from covseg_core.training.fit import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.plan import RunPlan

__all__ = ["show_outcome", "train_and_show"]

NAMES = {Prepared: "prepared", Step: "step", Compared: "compared"}


class Display(Protocol):
    """Shows what a run yields."""

    def __call__(self, event: LearnEvent) -> None:
        """Show one thing that was done."""


def train_and_show(
    store: CaseReader,
    plan: RunPlan,
    *,
    resume: bool,
    progress: Literal["rich", "jsonl", "none"],
) -> dict[str, Any] | None:
    """Run a plan to its end, or until the user stops it.

    Returns
    -------
    dict or None
        The outcome; None in a process that only helps another.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped; the checkpoint is written by then.
    """
    steps = learn(store, plan, resume=resume)
    shown = progress if is_first_process() else "none"
    with _stoppable() as stopped, _display(shown) as show:
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return None if end.value is None else end.value.as_dict()
            show(event)
            if stopped:
                steps.close()
                raise KeyboardInterrupt(
                    f"stopped; go on with: covseg train CASES --name {plan.name} "
                    "--resume"
                )


@contextmanager
def _stoppable() -> Iterator[list[int]]:
    """Note the first Ctrl+C or SIGTERM, so that the step can end; the second kills."""
    heard: list[int] = []

    def note(number: int, frame: object) -> None:
        if heard:
            raise KeyboardInterrupt
        heard.append(number)

    before = {
        each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield heard
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _display(progress: str) -> Iterator[Display]:
    if progress == "jsonl":
        yield _say_event
    elif progress == "none":
        yield lambda event: None
    else:
        with _bars() as show:
            yield show


def _say_event(event: LearnEvent) -> None:
    _say_line({"event": NAMES[type(event)], **dataclasses.asdict(event)})


@contextmanager
def _bars() -> Iterator[Display]:
    """Show a bar of batches and a line per epoch; lines alone outside a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=None)

        def show(event: LearnEvent) -> None:
            if isinstance(event, Step):
                done = (event.epoch - 1) * event.batches + event.batch
                total = event.epochs * event.batches
                words = f"Epoch {event.epoch}/{event.epochs}  loss {event.loss:.4f}"
                bar.update(task, description=words, completed=done, total=total)
                if event.ends_epoch:
                    bar.console.print(_epoch_line(event), highlight=False)
            else:
                words = "Preparing" if isinstance(event, Prepared) else "Comparing"
                words += f" case {min(event.done + 1, event.total)}/{event.total}"
                bar.update(
                    task, description=words, completed=event.done, total=event.total
                )

        yield show


def _epoch_line(step: Step) -> str:
    score = "" if step.score is None else f"   validation Dice {step.score:.3f}"
    return (
        f"epoch {step.epoch:>4}/{step.epochs}   loss {step.loss:7.4f}{score}"
        f"   step size {step.learning_rate:.1e}"
    )


def show_outcome(
    outcome: dict[str, Any], *, as_json: bool, jsonl: bool = False
) -> None:
    """Print what came of a run, as a table or as JSON."""
    if jsonl:
        _say_line({"event": "outcome", **outcome})
        return
    if as_json:
        say_json(outcome)
        return
    held_out = outcome["held_out"]
    if held_out is not None:
        _show_table(held_out)
    state = "promoted" if outcome["promoted"] else "kept, not promoted"
    say(f"{outcome['model']}: {state}; {outcome['reason']}")


def _say_line(document: dict[str, Any]) -> None:
    say(json.dumps(document, allow_nan=False))
    sys.stdout.flush()


def _show_table(held_out: dict[str, Any]) -> None:
    say(f"{'held-out case':24}{'before':>8}{'after':>8}{'true ml':>10}{'found ml':>10}")
    for row in held_out["cases"]:
        cells = (
            _cell(row["before"], 8, 3),
            _cell(row["after"], 8, 3),
            _cell(row["true_ml"], 10, 1),
            _cell(row["after_ml"], 10, 1),
        )
        say(f"{row['case_id']:24}{''.join(cells)}")
    dice = held_out["dice"]
    if dice["difference"] is None:
        return
    say(
        f"{'mean Dice':24}{_cell(dice['mean_before'], 8, 3)}"
        f"{_cell(dice['mean_after'], 8, 3)}   difference {dice['difference']:+.3f}"
        f"{_interval(dice)}"
    )


def _interval(dice: dict[str, Any]) -> str:
    if dice["low"] is None:
        return ""
    return f" (95 % {dice['low']:+.3f} to {dice['high']:+.3f}, p {dice['p_value']:.2f})"


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
