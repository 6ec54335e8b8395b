"""The training loop, read from top to bottom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from covseg_core.errors import ModelRefusedError
from covseg_core.training.order import Order, random_numbers
from covseg_core.training.scales import at_size, sizes_of
from covseg_core.transforms.augment import augment_slices
from covseg_core.transforms.slices import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lightning_fabric import Fabric

    from covseg_core.training.config import TrainSettings
    from covseg_core.training.data import TrainingSlices
    from covseg_core.training.trainee import Trainee
    from covseg_core.transforms.prepare import Prepare

__all__ = ["SliceLoss", "Step", "fit"]


class SliceLoss(Protocol):
    """What is made small: see `training.objectives`."""

    def __call__(self, pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compare slices (N, 3, H, W) with labels (N, H, W)."""


@dataclass(frozen=True)
class Step:
    """Where training stands.

    Parameters
    ----------
    epoch, epochs : int
        The pass over the slices, from 1, and how many there will be.
    batch, batches : int
        The step within the pass, from 1, and how many it has.
    loss : float
        Mean over the pass so far.
    learning_rate : float
        Of this step.
    score : float or None
        Validation score, after the last batch of a pass.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    learning_rate: float
    score: float | None = None

    @property
    def ends_epoch(self) -> bool:
        """Whether this was the last batch of its pass."""
        return self.batch == self.batches


def fit(
    trainee: Trainee,
    loss: SliceLoss,
    data: TrainingSlices,
    prepare: Prepare,
    settings: TrainSettings,
    fabric: Fabric,
    validate: Callable[[], float] | None = None,
    *,
    sided: bool = False,
    tissues: bool = False,
) -> Generator[Step, None, None]:
    """Train a network in place, from wherever it stands.

    Parameters
    ----------
    trainee : Trainee
        Trained in place; whole and consistent at every yield.
    loss : callable
        Runs the network on slices and compares.
    data : TrainingSlices
        What is drawn from.
    prepare : Prepare
        From the model card; normalises the slices.
    settings : TrainSettings
        How to train.
    fabric : Fabric
        Device, precision and the other processes of this run.
    validate : callable, optional
        Scores the network after every epoch; the best weights are kept.
    sided : bool
        Whether the labels are lungs, which have a side; see `augment_slices`.
    tissues : bool
        Whether the labels tell healthy lung from outside; see `augment_slices`.

    Yields
    ------
    Step
        After every batch; stop iterating to stop training.

    Raises
    ------
    ModelRefusedError
        If the loss is not finite any more; the last checkpoint is sound.
    """
    order = Order(data.weights, settings)
    adam: Any = fabric.setup_optimizers(trainee.adam)
    while trainee.step < order.steps and not trainee.stopped_early:
        epoch, first = divmod(trainee.step, order.batches)
        for batch, chosen in enumerate(order.epoch(epoch)[first:], start=first + 1):
            mine = chosen[fabric.global_rank :: fabric.world_size]
            rng = random_numbers(
                settings.seed, "augment", trainee.step, fabric.global_rank
            )
            pixels, labels = augment_slices(
                data.pixels[mine].float(),
                data.labels[mine].long(),
                settings.augment,
                rng,
                sided=sided,
                tissues=tissues,
            )
            rate, values = float(trainee.schedule.get_last_lr()[0]), []
            with torch.random.fork_rng():
                # What a network draws itself, such as dropout, comes from here too.
                torch.manual_seed(rng.initial_seed())
                for size in sizes_of(prepare, settings):
                    seen, truth = at_size(pixels, labels, size)
                    seen = normalise(seen, prepare).to(
                        fabric.device, memory_format=torch.channels_last
                    )
                    value = loss(seen, truth.to(fabric.device))
                    values.append(_finite(fabric, value, epoch, batch))
                    adam.zero_grad()
                    fabric.backward(value)
                    _clip(fabric, trainee, adam, settings.clip)
                    adam.step()
            trainee.note_step()
            trainee.epoch_loss += sum(values) / len(values)
            mean, score = trainee.epoch_loss / batch, None
            if batch == order.batches:
                trainee.epoch_loss = 0.0
                score = _judge(trainee, settings, epoch + 1, fabric, validate)
            yield Step(
                epoch + 1, settings.epochs, batch, order.batches, mean, rate, score
            )
    trainee.settle()


def _judge(
    trainee: Trainee,
    settings: TrainSettings,
    epoch: int,
    fabric: Fabric,
    validate: Callable[[], float] | None,
) -> float | None:
    if validate is None:
        return None
    # Every process hears one verdict, so that all stop in the same epoch.
    score: float = fabric.broadcast(validate())
    trainee.note_score(epoch, score)
    waited = epoch - trainee.best.epoch
    trainee.stopped_early = bool(settings.patience) and waited >= settings.patience
    return score


def _clip(fabric: Fabric, trainee: Trainee, adam: Any, bound: float) -> None:
    if bound:
        fabric.clip_gradients(trainee.network, adam, clip_val=bound)


def _finite(fabric: Fabric, loss: torch.Tensor, epoch: int, batch: int) -> float:
    # All processes judge the mean, so that none is left waiting for another.
    mean: Any = fabric.all_reduce(loss.detach())
    mean = float(mean)
    if not math.isfinite(mean):
        raise ModelRefusedError(
            f"training diverged: loss {mean} in epoch {epoch + 1}, batch {batch}. "
            "Start again with a smaller --learning-rate or with --precision float32; "
            "the models that were there are untouched."
        )
    return mean
