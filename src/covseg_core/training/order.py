"""Which slices a step sees: a function of seed, epoch and step alone.

Nothing is drawn from a state that would have to be kept, so a run that is taken
up again sees the very slices that it would have seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from covseg_core.training.config import TrainSettings

__all__ = ["Order", "random_numbers"]


def random_numbers(seed: int, *place: object) -> torch.Generator:
    """Make the source of random numbers for one place in a run.

    Parameters
    ----------
    seed : int
        Of the run.
    *place : object
        What tells this place from every other, such as ``"augment", step``.
    """
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@dataclass(frozen=True, eq=False)
class Order:
    """The order in which slices are seen.

    Parameters
    ----------
    weights : Tensor of float, shape (N,)
        How often a slice is drawn, relative to the others.
    settings : TrainSettings
        Epochs, batch, seed; `balance` draws by the weights, else every slice is
        seen once in an epoch.
    """

    weights: torch.Tensor
    settings: TrainSettings

    @property
    def batches(self) -> int:
        """Steps in an epoch; the last one is left out if it is not full."""
        return max(len(self.weights) // self.settings.batch_size, 1)

    @property
    def steps(self) -> int:
        """Steps in the whole run."""
        return self.settings.epochs * self.batches

    def epoch(self, number: int) -> torch.Tensor:
        """Choose the slices of an epoch, counted from 0: (batches, batch_size)."""
        wanted = self.batches * self.settings.batch_size
        rng = random_numbers(self.settings.seed, "order", number)
        if self.settings.balance or wanted > len(self.weights):
            drawn = torch.multinomial(self.weights, wanted, True, generator=rng)
        else:
            drawn = torch.randperm(len(self.weights), generator=rng)[:wanted]
        return drawn.view(self.batches, self.settings.batch_size)
