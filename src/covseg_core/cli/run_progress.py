"""Show how a long run goes, and let it be stopped between two steps."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from covseg_core.cli.output import say_line
from covseg_core.cli.rounds_words import line_of
from covseg_core.cli.stopping import noted_stops
from covseg_core.errors import CovsegError
from covseg_core.inference.predict import Progress as Predicted
from covseg_core.learn.compare import Compared
from covseg_core.learn.pseudo import Labelled
from covseg_core.learn.rounds.learner import Stage
from covseg_core.learn.rounds.plan import Gathered
from covseg_core.learn.slices import Prepared
from covseg_core.training.devices import is_first_process, is_left_alone
from covseg_core.training.fit import Step
from covseg_core.training.pretrain import PretrainStep

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["Event", "Shown", "run_and_show"]

Event: TypeAlias = Prepared | Gathered | Predicted | Labelled | Stage | Step | Compared
Shown: TypeAlias = Literal["rich", "jsonl", "none"]

NAMES = {
    Prepared: "prepared",
    Step: "step",
    PretrainStep: "step",
    Compared: "compared",
    Gathered: "gathered",
    Labelled: "labelled",
    Stage: "stage",
}


class Outcome(Protocol):
    """What came of a run."""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""


class Display(Protocol):
    """Shows what a run yields."""

    def __call__(self, event: Event) -> None:
        """Show one thing that was done."""


def run_and_show(
    steps: Generator[Event, None, Outcome | None], progress: Shown, again: str
) -> dict[str, Any] | None:
    """Run steps to their end, or until the user stops them.

    Parameters
    ----------
    steps : generator
        Of `learn`, `learn_pretext` or `self_train`.
    progress : {"rich", "jsonl", "none"}
        Bars, one JSON document a line on stdout, or nothing.
    again : str
        The command that goes on with a run that was stopped.

    Returns
    -------
    dict or None
        The outcome; None in a process that only helps another, however that ends.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped; the checkpoint is written by then.
    """
    with noted_stops() as stopped, _display(progress) as show, _first_speaks():
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return None if end.value is None else end.value.as_dict()
            if not is_first_process():
                continue
            try:
                show(event)
            except OSError:
                # Whoever listened is gone; the checkpoint lets the run go on.
                steps.close()
                raise
            if stopped:
                steps.close()
                raise KeyboardInterrupt(f"stopped; go on with: {again}")
    return None


@contextmanager
def _first_speaks() -> Iterator[None]:
    """End a process that only helps without a word where the first one says why."""
    try:
        yield
    except (CovsegError, KeyboardInterrupt, RuntimeError) as error:
        is_ours = isinstance(error, RuntimeError) and not is_left_alone(error)
        if is_first_process() or is_ours:
            raise


@contextmanager
def _display(progress: str) -> Iterator[Display]:
    if progress == "jsonl":
        yield _say_event
    elif progress == "none":
        yield lambda event: None
    else:
        with _bars() as show:
            yield show


def _say_event(event: Event) -> None:
    if not isinstance(event, Predicted):
        say_line({"event": NAMES[type(event)], **dataclasses.asdict(event)})


@contextmanager
def _bars() -> Iterator[Display]:
    """Show a bar of batches and a line per epoch; lines alone outside a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    task = bar.add_task("Starting", total=None)

    def show(event: Event) -> None:
        # Not before: a process that only helps another has no bars.
        bar.start()
        if isinstance(event, Step):
            done = (event.epoch - 1) * event.batches + event.batch
            total = event.epochs * event.batches
            words = f"Epoch {event.epoch}/{event.epochs}  loss {event.loss:.4f}"
            bar.update(task, description=words, completed=done, total=total)
            if event.ends_epoch:
                bar.console.print(_epoch_line(event), highlight=False)
        elif isinstance(event, Gathered | Labelled | Stage):
            bar.console.print(line_of(event), highlight=False, markup=False)
        elif isinstance(event, Predicted):
            done, whole = event.done, event.total or None
            bar.update(task, description=event.stage, completed=done, total=whole)
        else:
            words = "Preparing" if isinstance(event, Prepared) else "Comparing"
            words += f" case {min(event.done + 1, event.total)}/{event.total}"
            bar.update(task, description=words, completed=event.done, total=event.total)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def _epoch_line(step: Step) -> str:
    told = "turns told right" if isinstance(step, PretrainStep) else "validation Dice"
    score = "" if step.score is None else f"   {told} {step.score:.3f}"
    return (
        f"epoch {step.epoch:>4}/{step.epochs}   loss {step.loss:7.4f}{score}"
        f"   step size {step.learning_rate:.1e}"
    )
