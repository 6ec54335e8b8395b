"""How to train: the settings behind command line, form and model card."""

from __future__ import annotations

from typing import Literal

from covseg_core.settings import Settings, setting
from covseg_core.transforms.augment import Augment

__all__ = ["TrainSettings"]


class TrainSettings(Settings):
    """How to train a network on slices."""

    epochs: int = setting(40, "Passes over the training slices.", low=1)
    batch_size: int = setting(8, "Slices in one step.", low=2)
    learning_rate: float = setting(1e-3, "Largest step size of Adam.", low=0, high=1)
    weight_decay: float = setting(1e-4, "Pull of the weights to zero.", low=0, high=1)
    clip: float = setting(0.5, "Gradients are clipped to ± this value.", low=0)
    weighting: Literal["paper", "released"] = setting(
        "paper", "Weighting of the cross-entropy near borders."
    )
    seed: int = setting(0, "Start of every random number.", low=0)
    augment: Augment = Augment()
