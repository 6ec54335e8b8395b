"""Learn from slices without labels: the coach's turn, then the network's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from covseg_core.models.inpainter import Inpainter
from covseg_core.models.rotation import TurnTeller
from covseg_core.training.fit import Step, fit
from covseg_core.training.order import Order
from covseg_core.training.pretext import (
    coach_loss,
    inpainting_loss,
    rotation_loss,
    turn_accuracy,
)
from covseg_core.training.pupil import PretextNetwork, Pupil

if TYPE_CHECKING:
    from collections.abc import Generator

    from lightning_fabric import Fabric

    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.training.data import TrainingSlices
    from covseg_core.training.pretrain_config import PretrainSettings
    from covseg_core.transforms.prepare import Prepare

__all__ = ["PretrainStep", "Pretraining", "pretrain"]


@dataclass(frozen=True)
class PretrainStep(Step):
    """Where pretraining stands; an epoch has the coach's steps, then the network's.

    Parameters
    ----------
    coach : bool
        Whether the coach was trained; `loss` is that of who was.
    """

    coach: bool = False


@dataclass(frozen=True)
class Pretraining:
    """A pretraining under way.

    Parameters
    ----------
    network : Inpainter or TurnTeller
        What is trained.
    trainee : Pupil
        It and all else that pretraining changes.
    steps : generator of PretrainStep
        Iterate to train.  `score` is the share of turns that are told right.
    batches : int
        Steps of the network in an epoch.
    """

    network: PretextNetwork
    trainee: Pupil
    steps: Generator[PretrainStep, None, None]
    batches: int

    @property
    def epochs_done(self) -> int:
        """Passes over the slices that are finished."""
        return self.trainee.step // self.batches

    def handed_on(self) -> dict[str, torch.Tensor]:
        """Give what was learnt, as a state for the network that shall outline.

        Its heads are those that it had; after rotation, so is all but its encoder.
        """
        return self.network.handed_on()


def pretrain(
    network: SegmentationNetwork,
    data: TrainingSlices,
    prepare: Prepare,
    settings: PretrainSettings,
    fabric: Fabric,
    *,
    state: dict[str, Any] | None = None,
) -> Pretraining:
    """Begin to pretrain a network, or go on from a checkpoint.

    Parameters
    ----------
    network : SegmentationNetwork
        Stays as it is; load what is handed on when the steps are done.
    data : TrainingSlices
        What is learnt from; labels are not looked at.
    prepare : Prepare
        That of the training that follows.
    settings : PretrainSettings
        How.
    fabric : Fabric
        From ``make_fabric(settings.training)``.
    state : dict, optional
        From a checkpoint.

    Raises
    ------
    ModelRefusedError
        If the network is of a kind that cannot be pretrained.

    Examples
    --------
    >>> run = pretrain(network, data, prepare, settings, fabric)  # doctest: +SKIP
    >>> losses = [step.loss for step in run.steps]  # doctest: +SKIP
    >>> network.load_state_dict(run.handed_on())  # doctest: +SKIP
    """
    batches = Order(data.weights, settings.training).batches
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        made = Inpainter if settings.task == "inpainting" else TurnTeller
        pretext = made(network)
        pretext.to(
            fabric.device,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )
        pupil = Pupil(pretext, settings, batches)
    if state is not None:
        pupil.load_state_dict(state)
    own = _own_steps(pupil, data, prepare, settings, fabric)
    coach = _coach_steps(pupil, data, prepare, settings, fabric)
    steps = _take_turns(pupil, own, coach, settings, batches)
    return Pretraining(pretext, pupil, steps, batches)


def _own_steps(
    pupil: Pupil,
    data: TrainingSlices,
    prepare: Prepare,
    settings: PretrainSettings,
    fabric: Fabric,
) -> Generator[Step, None, None]:
    """Set up the loop of the network."""
    network, training = pupil.pretext, settings.training
    run: Any = fabric.setup_module(network)
    if isinstance(network, TurnTeller):
        judge = partial(turn_accuracy, network, data, prepare)
        loss = rotation_loss(network, run)
        return fit(pupil, loss, data, prepare, training, fabric, judge)
    loss = inpainting_loss(network, pupil.coach, settings, prepare, run)
    return fit(pupil, loss, data, prepare, training, fabric)


def _coach_steps(
    pupil: Pupil,
    data: TrainingSlices,
    prepare: Prepare,
    settings: PretrainSettings,
    fabric: Fabric,
) -> Generator[Step, None, None] | None:
    """Set up the loop of the coach, over slices in an order of its own."""
    coach, network = pupil.coach, pupil.pretext
    trainee = pupil.coach_trainee
    if coach is None or trainee is None or not isinstance(network, Inpainter):
        return None
    change = {
        "epochs": settings.epochs * pupil.coach_batches,
        "seed": settings.seed + 1,
    }
    training = settings.training.model_copy(update=change)
    run: Any = fabric.setup_module(coach)
    loss = coach_loss(coach, network, settings, prepare, run)
    return fit(trainee, loss, data, prepare, training, fabric)


def _take_turns(
    pupil: Pupil,
    own: Generator[Step, None, None],
    coach: Generator[Step, None, None] | None,
    settings: PretrainSettings,
    batches: int,
) -> Generator[PretrainStep, None, None]:
    """Let the coach take its steps of an epoch, then the network, to the end."""
    while pupil.step < settings.epochs * batches:
        epoch, done = divmod(pupil.step, batches)
        coached = pupil.coach_steps_in(epoch)
        its_turn = coach is not None and coached < pupil.coach_batches
        step = next(coach if coach is not None and its_turn else own)
        yield PretrainStep(
            epoch=epoch + 1,
            epochs=settings.epochs,
            batch=coached + done + 1,
            batches=pupil.coach_batches + batches,
            loss=step.loss,
            learning_rate=step.learning_rate,
            score=step.score,
            coach=its_turn,
        )
