"""How to train: the settings behind command line, form and model card."""

from __future__ import annotations

from typing import Literal, Self

from covseg_core.settings import Device, Settings, device, setting
from covseg_core.transforms.augment_config import Augment

__all__ = ["TrainSettings"]

LEAST_RATE = 1e-9
FINE_TUNING = {"epochs": 10, "learning_rate": 3e-4}
"""What a run with a parent takes where the user says nothing."""


class TrainSettings(Settings):
    """How to train a network on slices."""

    epochs: int = setting(
        40, "Passes over the training slices; 10 with a parent.", low=1
    )
    batch_size: int = setting(8, "Slices in one step, over all devices.", low=2)
    learning_rate: float = setting(
        1e-3,
        "Largest step size of Adam; 0.0003 with a parent.",
        low=LEAST_RATE,
        high=1,
    )
    schedule: Literal["one-cycle", "cosine", "halfway", "constant"] = setting(
        "one-cycle",
        "Course of the step size; halfway divides it by ten after half the epochs.",
    )
    weight_decay: float = setting(1e-4, "Pull of the weights to zero.", low=0, high=1)
    average: float = setting(
        0.998,
        "How much of the running mean of the weights stays in a step; the model is "
        "that mean. 0 takes the last weights.",
        low=0,
        high=0.99999,
    )
    clip: float = setting(
        0.5, "Gradients are clipped to ± this value; 0 leaves them as they are.", low=0
    )
    weighting: Literal["paper", "released"] = setting(
        "paper", "Weighting of the cross-entropy near borders."
    )
    multi_scale: bool = setting(
        False, "Take each step at 3/4, 1 and 5/4 of the size, as the papers do."
    )
    balance: bool = setting(
        True, "Draw infected and empty slices of a scan equally often."
    )
    evenness: float = setting(
        0.65,
        "0 draws every slice equally often, 1 every scan, however many slices it has.",
        low=0,
        high=1,
    )
    rehearsal: float = setting(
        0.5,
        "With a parent: share of the drawn slices that come from its own cases.",
        low=0,
        high=0.95,
    )
    unlabelled: float = setting(
        0.5,
        "With stichnet: share of the drawn slices that nobody labelled, if any.",
        low=0,
        high=0.95,
    )
    patience: int = setting(
        10, "Epochs without a better validation score that end it; 0 is never.", low=0
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = setting(
        "auto", "Arithmetic of the network; auto is bfloat16 on CUDA, else float32."
    )
    device: Device = device()
    devices: int = setting(1, "Devices, or processes on the CPU.", low=1, high=1024)
    checkpoint_s: float = setting(
        60.0, "Time between checkpoints.", unit="s", low=0, high=86400
    )
    seed: int = setting(0, "Start of every random number.", low=0)
    augment: Augment = Augment()

    def for_fine_tuning(self) -> Self:
        """Take the values that suit a parent for whatever was not said."""
        unsaid = {
            name: value
            for name, value in FINE_TUNING.items()
            if name not in self.model_fields_set
        }
        return self.model_copy(update=unsaid)
