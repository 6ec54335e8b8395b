"""All that training changes, which is all that a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch.optim import AdamW, lr_scheduler

if TYPE_CHECKING:
    import torch

    from covseg_core.training.config import TrainSettings

__all__ = ["Best", "Trainee"]


@dataclass
class Best:
    """The weights with the best validation score so far.

    Parameters
    ----------
    epoch : int
        When they were reached, from 1; 0 before any validation.
    score : float
        See `training.validate`.
    weights : dict of str to Tensor
        A copy on the CPU.
    """

    epoch: int = 0
    score: float = -1.0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)


class Trainee:
    """A network with its optimiser, its schedule and where it stands.

    Parameters
    ----------
    network : Module
        On the device that it shall be trained on.
    settings : TrainSettings
        Step size, decay and schedule.
    steps : int
        Batches in the whole run.
    """

    def __init__(
        self, network: torch.nn.Module, settings: TrainSettings, steps: int
    ) -> None:
        self.network = network
        weights = [each for each in network.parameters() if each.requires_grad]
        self.adam = AdamW(
            weights, settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.schedule = _schedule(self.adam, settings, steps)
        self.step = 0
        self.epoch_loss = 0.0
        self.best = Best()
        self.stopped_early = False

    def state_dict(self) -> dict[str, Any]:
        """Everything that is needed to go on, as plain values and tensors."""
        return {
            "network": self.network.state_dict(),
            "adam": self.adam.state_dict(),
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "epoch_loss": self.epoch_loss,
            "best": vars(self.best),
            "stopped_early": self.stopped_early,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        self.network.load_state_dict(state["network"])
        self.adam.load_state_dict(state["adam"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
        self.epoch_loss = state["epoch_loss"]
        self.best = Best(**state["best"])
        self.stopped_early = state["stopped_early"]

    def note_score(self, epoch: int, score: float) -> None:
        """Keep a copy of the weights if this validation score is the best."""
        if score > self.best.score:
            copy = {
                key: value.detach().cpu().clone()
                for key, value in self.network.state_dict().items()
            }
            self.best = Best(epoch, score, copy)


def _schedule(
    adam: AdamW, settings: TrainSettings, steps: int
) -> lr_scheduler.LRScheduler:
    if settings.schedule == "one-cycle":
        # The extra step lets the last one ask for its successor.
        return lr_scheduler.OneCycleLR(
            adam, settings.learning_rate, total_steps=steps + 1
        )
    if settings.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(adam, steps)
    if settings.schedule == "halfway":
        return lr_scheduler.MultiStepLR(adam, [max(steps // 2, 1)], gamma=0.1)
    return lr_scheduler.ConstantLR(adam, factor=1.0)
