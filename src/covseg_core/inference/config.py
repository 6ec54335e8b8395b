"""How to predict: the settings behind command line, form and run manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from covseg_core.settings import Device, Settings, device, setting

if TYPE_CHECKING:
    from covseg_core.registry.card import ModelCard

__all__ = ["PredictSettings"]


class PredictSettings(Settings):
    """How to predict a mask."""

    device: Device = device()
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

    def threshold_for(self, card: ModelCard) -> float:
        """Choose the threshold: the user's, else the model's own."""
        return card.threshold if self.threshold is None else self.threshold
