"""Iterate a training while its checkpoints and curves are kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from covseg_core.training.checkpoint import checkpointed
from covseg_core.training.log import RunLog

if TYPE_CHECKING:
    from collections.abc import Generator

    from lightning_fabric import Fabric

    from covseg_core.training.checkpoint import Checkpoints
    from covseg_core.training.fit import Step
    from covseg_core.training.trainee import Trainee

__all__ = ["UnderWay", "logged"]

STOPPED = True


class UnderWay(Protocol):
    """A training or pretraining under way."""

    @property
    def trainee(self) -> Trainee:
        """What it changes."""

    @property
    def steps(self) -> Generator[Step, None, None]:
        """Iterate to train."""

    @property
    def epochs_done(self) -> int:
        """Passes over the slices that are finished."""


def logged(
    training: UnderWay, checkpoints: Checkpoints, every_s: float, fabric: Fabric
) -> Generator[Step, None, None]:
    """Train; the first process keeps checkpoints and curves, and may stop them all.

    Parameters
    ----------
    training : UnderWay
        From `training.start.start` or `training.pretrain.pretrain`.
    checkpoints : Checkpoints
        Where to; curves are put beside them.
    every_s : float
        Time between two checkpoints, in s.
    fabric : Fabric
        Says which process this is.

    Raises
    ------
    OutputError
        If a checkpoint could not be written, also the one of a training that is
        stopped.
    """
    if not fabric.is_global_zero:
        for step in training.steps:
            yield step
            if fabric.broadcast(STOPPED):
                return
        return
    log = RunLog(checkpoints.folder, training.epochs_done)
    with closing(
        checkpointed(training.steps, training.trainee, checkpoints, every_s)
    ) as steps:
        for step in steps:
            if step.ends_epoch:
                log.add(step)
            try:
                yield step
            except GeneratorExit:
                fabric.broadcast(STOPPED)
                raise
            fabric.broadcast(not STOPPED)
