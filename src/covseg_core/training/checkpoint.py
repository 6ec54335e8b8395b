"""Two checkpoints in turn: while one is written the other stays whole.

A checkpoint is ``a.ckpt`` or ``b.ckpt``: the sha256 of the rest, then what
`torch.save` makes of plain values and tensors.  It is read without pickled code.
"""

from __future__ import annotations

import hashlib
import io
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from covseg_core.io.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.training.fit import Step
    from covseg_core.training.trainee import Trainee

__all__ = ["Checkpoints", "checkpointed"]

NAMES = ("a.ckpt", "b.ckpt")
DIGEST = hashlib.sha256().digest_size


@dataclass
class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : Path
        Of the run; must exist.
    """

    folder: Path
    _next: int = field(default=0, init=False)

    def save(self, state: dict[str, Any]) -> None:
        """Write `state` over the older of the two.

        Raises
        ------
        OutputError
            If it could not be written; both old checkpoints are whole.
        """
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        digest = hashlib.sha256(content).digest()
        write_bytes(self.folder / NAMES[self._next], digest + content)
        self._next = 1 - self._next

    def load(self) -> dict[str, Any] | None:
        """Read the newer of the whole ones; None if there is none."""
        found = [_read(self.folder / name) for name in NAMES]
        steps = [-1 if state is None else int(state["step"]) for state in found]
        newest = steps.index(max(steps))
        self._next = 1 - newest
        return found[newest]


def checkpointed(
    steps: Generator[Step, None, None],
    trainee: Trainee,
    checkpoints: Checkpoints,
    every_s: float,
) -> Generator[Step, None, None]:
    """Save a checkpoint now and then, at every better score, and when stopped.

    Parameters
    ----------
    steps : generator of Step
        From `training.fit.fit`.
    trainee : Trainee
        What `steps` trains.
    checkpoints : Checkpoints
        Where to.
    every_s : float
        Time between two, in s.
    """
    saved = time.monotonic()
    try:
        for step in steps:
            better = step.score is not None and trainee.best.epoch == step.epoch
            if better or time.monotonic() - saved >= every_s:
                checkpoints.save(trainee.state_dict())
                saved = time.monotonic()
            yield step
    except GeneratorExit:
        checkpoints.save(trainee.state_dict())
        raise
    if trainee.step:
        checkpoints.save(trainee.state_dict())


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        return None
    state: dict[str, Any] = torch.load(
        io.BytesIO(content[DIGEST:]), map_location="cpu", weights_only=True
    )
    return state
