"""The training loop, read from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from covseg_core.transforms.augment import augment_slices
from covseg_core.transforms.slices import normalise

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.training.config import TrainSettings
    from covseg_core.training.data import TrainingSlices
    from covseg_core.transforms.prepare import Prepare

__all__ = ["Step", "fit"]


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
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float


def fit(
    network: torch.nn.Module,
    loss: SliceLoss,
    data: TrainingSlices,
    prepare: Prepare,
    settings: TrainSettings,
) -> Generator[Step, None, None]:
    """Train a network in place.

    Parameters
    ----------
    network : Module
        Trained in place on the device that it is on; weights that need no
        gradient stay what they are.
    loss : callable
        Runs the network on slices and compares.
    data : TrainingSlices
        Drawn with replacement by their weights.
    prepare : Prepare
        From the model card; normalises the slices.
    settings : TrainSettings
        How to train.

    Yields
    ------
    Step
        After every batch; stop iterating to stop training.
    """
    rng = torch.Generator().manual_seed(settings.seed)
    device = next(network.parameters()).device
    network.to(memory_format=torch.channels_last)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    adam = torch.optim.AdamW(weights, weight_decay=settings.weight_decay)
    batches = max(len(data) // settings.batch_size, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, settings.learning_rate, total_steps=settings.epochs * batches
    )
    for epoch in range(1, settings.epochs + 1):
        drawn = torch.multinomial(
            data.weights, batches * settings.batch_size, replacement=True, generator=rng
        )
        total = 0.0
        for batch, chosen in enumerate(drawn.split(settings.batch_size), start=1):
            pixels, labels = augment_slices(
                data.pixels[chosen].float(),
                data.labels[chosen].long(),
                settings.augment,
                rng,
            )
            seen = normalise(pixels, prepare).to(
                device, memory_format=torch.channels_last
            )
            value = loss(seen, labels.to(device))
            adam.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_value_(weights, settings.clip)
            adam.step()
            schedule.step()
            total += value.item()
            yield Step(epoch, settings.epochs, batch, batches, total / batch)
