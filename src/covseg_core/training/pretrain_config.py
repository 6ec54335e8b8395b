"""How to pretrain: the settings behind command line and model card."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

from covseg_core.settings import Device, Settings, device, setting
from covseg_core.training.config import LEAST_RATE, TrainSettings
from covseg_core.transforms.augment_config import Augment

__all__ = ["PretrainSettings"]


def _as_in_training(name: str) -> Any:
    """Declare a field as `TrainSettings` does."""
    return copy(TrainSettings.model_fields[name])


class PretrainSettings(Settings):
    """How to learn from slices that nobody has outlined."""

    task: Literal["inpainting", "rotation"] = setting(
        "inpainting", "Repaint what was erased, or tell how a slice was turned."
    )
    masks: Literal["coach", "random"] = setting(
        "coach", "What is erased: what a second network finds hard, or anything."
    )
    keep: float = setting(
        0.75, "Share of a slice that is not erased.", low=0.05, high=0.95
    )
    coach_share: float = setting(
        0.25,
        "Steps of the coach in an epoch, as a share of those of the network.",
        low=0.01,
        high=10,
    )
    reconstruction: Literal["published", "cross-entropy"] = setting(
        "published",
        "Error of a repainted pixel: squared and clipped, or the papers' formula.",
    )
    epochs: int = setting(20, "Passes over the slices.", low=1)
    batch_size: int = _as_in_training("batch_size")
    learning_rate: float = setting(
        1e-3, "Largest step size of Adam.", low=LEAST_RATE, high=1
    )
    schedule: Literal["one-cycle", "cosine", "halfway", "constant"] = _as_in_training(
        "schedule"
    )
    weight_decay: float = _as_in_training("weight_decay")
    clip: float = _as_in_training("clip")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = _as_in_training(
        "precision"
    )
    device: Device = device()
    devices: int = _as_in_training("devices")
    checkpoint_s: float = _as_in_training("checkpoint_s")
    seed: int = _as_in_training("seed")
    augment: Augment = Augment()

    @property
    def training(self) -> TrainSettings:
        """The same for the training loop: each slice once an epoch, to the end."""
        shared = type(self).model_fields.keys() & TrainSettings.model_fields.keys()
        said = {name: getattr(self, name) for name in shared}
        return TrainSettings(balance=False, patience=0, **said)
