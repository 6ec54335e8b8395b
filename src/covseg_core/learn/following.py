"""Follow a training that another process runs, by the lines that it writes.

The lines are those of ``covseg train --progress jsonl``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from covseg_core.learn.plan import run_folder
from covseg_core.training.log import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Curve", "Following"]

Curve: TypeAlias = list[tuple[float, float]]
_MINUTE_S = 60


@dataclass
class Following:
    """Where a training stands; `hear` every line.

    Parameters
    ----------
    losses, scores : list of (float, float)
        Epochs that are over and, after each, mean loss and validation Dice.
    epochs : int
        How many there will be at most; 0 while that is unknown.
    stage : str
        What is being done, for people.
    share : float or None
        How much of the training is done, in [0, 1]; None while that is unknown.
    seconds_left : float or None
        Until the last epoch, None while that is unknown.
    outcome : mapping or None
        What came of it, once it is over.
    """

    losses: Curve = field(default_factory=list)
    scores: Curve = field(default_factory=list)
    epochs: int = 0
    stage: str = "Starting"
    share: float | None = None
    seconds_left: float | None = None
    outcome: Mapping[str, Any] | None = None
    _since: tuple[float, float] | None = None

    @classmethod
    def of_run(cls, name: str) -> Following:
        """Begin with the epochs that an earlier start of a run has done."""
        rows = read_rows(run_folder(name))
        return cls(
            [(row["epoch"], row["loss"]) for row in rows],
            [(row["epoch"], row["score"]) for row in rows if row["score"] is not None],
        )

    @property
    def sentence(self) -> str:
        """What is being done, and for how long still."""
        if self.seconds_left is None:
            return f"{self.stage} …"
        return f"{self.stage} … {_in_words(self.seconds_left)} left"

    def hear(self, event: Mapping[str, Any], seconds: float) -> None:
        """Take note of a line.

        Parameters
        ----------
        event : mapping
            The line, read from JSON.
        seconds : float
            Of a clock that runs evenly.
        """
        kind = event.get("event")
        if kind == "step":
            self._hear_step(event, seconds)
        elif kind in ("prepared", "compared"):
            self._hear_cases("Preparing" if kind == "prepared" else "Comparing", event)
        elif kind == "outcome":
            self.outcome, self.stage = event, "Done"
            self.share, self.seconds_left = 1.0, None

    def _hear_step(self, step: Mapping[str, Any], seconds: float) -> None:
        epoch, batch, batches = step["epoch"], step["batch"], step["batches"]
        self.epochs = step["epochs"]
        self.stage = f"Epoch {epoch} of {self.epochs}"
        self.share = (epoch - 1 + batch / batches) / self.epochs
        if batch == batches:
            # Epochs after the last checkpoint are trained again.
            self.losses = [*_before(self.losses, epoch), (epoch, step["loss"])]
            if step["score"] is not None:
                self.scores = [*_before(self.scores, epoch), (epoch, step["score"])]
        if self._since is None:
            self._since = seconds, self.share
            return
        begun, first = self._since
        done = self.share - first
        self.seconds_left = (seconds - begun) * (1 - self.share) / done

    def _hear_cases(self, stage: str, event: Mapping[str, Any]) -> None:
        number = min(event["done"] + 1, event["total"])
        self.stage = f"{stage} case {number} of {event['total']}"
        self.seconds_left = None
        if stage == "Preparing":
            self.share = None


def _before(curve: Curve, epoch: int) -> Curve:
    return [point for point in curve if point[0] < epoch]


def _in_words(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return "less than a minute"
    minutes = round(seconds / _MINUTE_S)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
