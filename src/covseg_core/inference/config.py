"""How to predict: the settings behind command line, form and run manifest."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from covseg_core.settings import Settings, setting

if TYPE_CHECKING:
    from covseg_core.registry.card import ModelCard

__all__ = ["PredictSettings"]


def _default_device() -> str:
    return os.environ.get("COVSEG_DEVICE", "auto")


class PredictSettings(Settings):
    """How to predict a mask."""

    device: str = Field(
        default_factory=_default_device,
        validate_default=True,
        description="Where the network runs: auto, cpu, cuda or cuda:N.",
    )
    engine: Literal["auto", "torch", "openvino"] = setting(
        "auto", "What runs the network; openvino pays on many or large slices on a CPU."
    )
    batch_size: int = setting(
        8, "Slices at once; fewer are tried when memory runs out.", low=1, high=256
    )
    threshold: float | None = setting(
        None,
        "Probability that makes infection; the model's own if not given.",
        low=0,
        high=1,
    )
    smallest_ml: float = setting(
        0.05,
        "Islands with less infection that the model is sure of are dropped.",
        unit="ml",
        low=0,
        high=100,
    )

    @field_validator("device")
    @classmethod
    def _check_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", device, re.ASCII):
            raise ValueError("must be auto, cpu, cuda or cuda:N")
        return device

    def threshold_for(self, card: ModelCard) -> float:
        """Choose the threshold: the user's, else the model's own."""
        return card.threshold if self.threshold is None else self.threshold
