"""All that training changes, which is all that a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch.optim import AdamW, lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

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
    average : float
        How much of the running mean of the weights stays in every step; 0 is none.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        settings: TrainSettings,
        steps: int,
        average: float = 0.0,
    ) -> None:
        self.network = network
        weights = [each for each in network.parameters() if each.requires_grad]
        # What only scales and shifts has no need to be small.
        filters = [each for each in weights if each.ndim > 1]
        others = [each for each in weights if each.ndim <= 1]
        self.adam = AdamW(
            [
                {"params": filters, "weight_decay": settings.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            settings.learning_rate,
        )
        self._average = _averaged(network, average) if average else None
        self.schedule = _schedule(self.adam, settings, steps)
        self.step = 0
        self.epoch_loss = 0.0
        self.best = Best()
        self.stopped_early = False

    @property
    def result(self) -> torch.nn.Module:
        """The network as it would be used now: with the mean of its weights."""
        return self.network if self._average is None else self._average.module

    def note_step(self) -> None:
        """Count a step, and let its weights into the mean."""
        self.schedule.step()
        self.step += 1
        if self._average is not None:
            self._average.update_parameters(self.network)

    def settle(self) -> None:
        """Give the network the mean of its weights, when training is over."""
        if self._average is not None:
            self.network.load_state_dict(self._average.module.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Everything that is needed to go on, as plain values and tensors."""
        average = {} if self._average is None else self._average.state_dict()
        return {
            "network": self.network.state_dict(),
            "average": average,
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
        if self._average is not None:
            self._average.load_state_dict(state["average"])
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
                for key, value in self.result.state_dict().items()
            }
            self.best = Best(epoch, score, copy)


def _averaged(network: torch.nn.Module, decay: float) -> AveragedModel:
    def mean(old: Any, new: Any, steps: Any) -> None:
        # The first steps are far from where the weights will be.
        kept = min(decay, (1 + float(steps)) / (10 + float(steps)))
        get_ema_multi_avg_fn(kept)(old, new, steps)

    return AveragedModel(network, multi_avg_fn=mean, use_buffers=True)


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
