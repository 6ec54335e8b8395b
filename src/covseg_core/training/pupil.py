"""A network under pretraining and its coach: all that a checkpoint holds."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from covseg_core.models.coach import Coach
from covseg_core.models.inpainter import Inpainter
from covseg_core.models.rotation import TurnTeller, encoder_of
from covseg_core.training.trainee import Trainee

if TYPE_CHECKING:
    from covseg_core.training.pretrain_config import PretrainSettings

__all__ = ["PretextNetwork", "Pupil"]

PretextNetwork: TypeAlias = Inpainter | TurnTeller


class Pupil(Trainee):
    """What pretraining changes.

    Parameters
    ----------
    network : Inpainter or TurnTeller
        On the device that it shall be trained on.
    settings : PretrainSettings
        Task, step size, decay and schedule, also of the coach.
    batches : int
        Steps of the network in an epoch.

    Attributes
    ----------
    pretext : Inpainter or TurnTeller
        The network.
    coach : Coach or None
        None where nothing is erased, or anything.
    coach_trainee : Trainee or None
        The coach with its optimiser.
    coach_batches : int
        Steps of the coach in an epoch.
    """

    def __init__(
        self, network: PretextNetwork, settings: PretrainSettings, batches: int
    ) -> None:
        training = settings.training
        super().__init__(network, training, settings.epochs * batches)
        self.pretext = network
        self.coach: Coach | None = None
        self.coach_trainee: Trainee | None = None
        self.coach_batches = 0
        if isinstance(network, Inpainter) and settings.masks == "coach":
            self.coach = _make_coach(network)
            self.coach_batches = max(round(settings.coach_share * batches), 1)
            steps = settings.epochs * self.coach_batches
            self.coach_trainee = Trainee(self.coach, training, steps)

    def coach_steps_in(self, epoch: int) -> int:
        """Count the steps of the coach in an epoch, from 0, or in later ones."""
        if self.coach_trainee is None:
            return 0
        return self.coach_trainee.step - epoch * self.coach_batches

    def state_dict(self) -> dict[str, Any]:
        """Everything that is needed to go on, as plain values and tensors."""
        own = super().state_dict()
        if self.coach_trainee is None:
            return own
        coach = self.coach_trainee.state_dict()
        return {"step": own["step"] + coach["step"], "own": own, "coach": coach}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        if self.coach_trainee is None:
            super().load_state_dict(state)
        else:
            super().load_state_dict(state["own"])
            self.coach_trainee.load_state_dict(state["coach"])


def _make_coach(inpainter: Inpainter) -> Coach:
    """Make a coach on a backbone like the network's, on the same device."""
    coach = Coach(deepcopy(encoder_of(inpainter.network)))
    return coach.to(
        next(inpainter.parameters()).device,
        memory_format=torch.channels_last,  # type: ignore[call-overload]
    )
