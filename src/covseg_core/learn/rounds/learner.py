"""The network of a run in rounds, and one stage of its training after the other."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from safetensors.torch import save

from covseg_core.learn.origin import first_network
from covseg_core.learn.plan import run_folder
from covseg_core.learn.rounds.standing import Kept, Memory, Standing
from covseg_core.training.checkpoint import Checkpoints, checkpointed
from covseg_core.training.log import RunLog
from covseg_core.training.order import random_numbers
from covseg_core.training.start import start
from covseg_core.training.trainee import Best

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import torch
    from lightning_fabric import Fabric

    from covseg_core.learn.rounds.plan import RoundsPlan
    from covseg_core.training.config import TrainSettings
    from covseg_core.training.data import TrainingSlices
    from covseg_core.training.fit import Step
    from covseg_core.training.start import Training

__all__ = ["Learner", "Stage", "weights_digest"]


@dataclass(frozen=True)
class Stage:
    """A training that begins.

    Parameters
    ----------
    name : str
        ``round-0001``, …, ``pseudo-labels`` or ``true-labels``.
    epochs : int
        Its passes.
    true_slices, pseudo_slices : int
        What it learns from.
    """

    name: str
    epochs: int
    true_slices: int
    pseudo_slices: int


class Learner:
    """A network that is trained in stages, from wherever the run stands.

    Parameters
    ----------
    plan : RoundsPlan
        What the run is to do.
    fabric : Fabric
        From `training.devices.make_fabric`.
    """

    def __init__(self, plan: RoundsPlan, fabric: Fabric) -> None:
        self.plan, self.fabric = plan, fabric
        self.network = first_network(plan)
        self.standing, self.best = Standing.at_start(plan.queue), Best()
        self._folder = run_folder(plan.name)
        self._memory = Memory(self._folder)
        self._log: RunLog | None = None
        kept = self._memory.load()
        if kept is not None:
            self.network.load_state_dict(kept.network)
            self.standing, self.best = kept.standing, kept.best

    def train(
        self,
        stage: Stage,
        data: TrainingSlices,
        validation: TrainingSlices | None,
    ) -> Generator[Step, None, None]:
        """Train through a stage; with validation, keep the best weights of all.

        Yields
        ------
        Step
            After every batch; stop iterating to stop, and go on later.

        Raises
        ------
        ModelRefusedError
            If the loss is not finite any more.
        OutputError
            If a checkpoint could not be written, also the one of a training that is
            stopped.
        """
        folder = self._folder / f"stage-{stage.name}"
        folder.mkdir(exist_ok=True)
        checkpoints, settings = Checkpoints(folder), self._settings(stage)
        training = start(
            self.network,
            data,
            self.plan.card.prepare,
            settings,
            self.fabric,
            validation=validation,
            state=checkpoints.load(),
        )
        with closing(
            checkpointed(
                training.steps, training.trainee, checkpoints, settings.checkpoint_s
            )
        ) as steps:
            yield from self._logged(steps, training.epochs_done)
        self._note(stage, training)

    def keep(self, standing: Standing) -> None:
        """Remember a finished round or stage; what lies between is not needed then.

        Raises
        ------
        OutputError
            If it could not be written.
        """
        weights = {key: value.cpu() for key, value in self.network.state_dict().items()}
        self._memory.save(Kept(standing, weights, self.best))
        self.standing = standing
        for folder in self._folder.glob("stage-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _settings(self, stage: Stage) -> TrainSettings:
        """Give every stage random numbers of its own."""
        seed = random_numbers(self.plan.settings.seed, stage.name).initial_seed()
        change = {"epochs": stage.epochs, "seed": seed}
        return self.plan.settings.model_copy(update=change)

    def _logged(
        self, steps: Generator[Step, None, None], done: int
    ) -> Generator[Step, None, None]:
        before = self.standing.epochs
        self._log = self._log or RunLog(self._folder, before + done)
        for step in steps:
            if step.ends_epoch:
                self._log.add(replace(step, epoch=before + step.epoch))
            yield step

    def _note(self, stage: Stage, training: Training) -> None:
        found = training.trainee.best
        change: dict[str, object] = {
            "epochs": self.standing.epochs + training.epochs_done
        }
        if found.epoch and found.score > self.best.score:
            self.best = found
            change["best_stage"] = stage.name
        self.standing = self.standing.model_copy(update=change)


def weights_digest(state: Mapping[str, torch.Tensor]) -> str:
    """Hash weights as the model store does: the sha256 of their safetensors file."""
    plain = {key: value.cpu().contiguous() for key, value in state.items()}
    return hashlib.sha256(save(plain)).hexdigest()
