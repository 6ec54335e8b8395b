"""How to predict: the settings behind command line, form and run manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from covseg_core.settings import Device, Settings, device, setting

if TYPE_CHECKING:
    from covseg_core.registry.card import ModelCard

__all__ = ["PredictSettings", "RunSettings", "StitchSettings", "UncertaintySettings"]


class RunSettings(Settings):
    """What runs a network."""

    device: Device = device()
    engine: Literal["auto", "torch", "openvino"] = setting(
        "auto", "What runs the network; openvino pays on many or large slices on a CPU."
    )
    batch_size: int = setting(
        8, "Slices at once; fewer are tried when memory runs out.", low=1, high=256
    )


class PredictSettings(RunSettings):
    """How to predict a mask."""

    threshold: float | None = setting(
        None,
        "Probability that makes infection; the model's own if not given.",
        low=0,
        high=1,
    )
    smallest_ml: float = setting(
        0.05,
        "Islands of infection below this volume are dropped. What the model is sure of "
        "near the lungs counts; where it is less than 1 % of an island, that goes even "
        "at 0.",
        unit="ml",
        low=0,
        high=100,
    )

    def threshold_for(self, card: ModelCard) -> float:
        """Choose the threshold: the user's, else the model's own."""
        return card.threshold if self.threshold is None else self.threshold


class UncertaintySettings(Settings):
    """How to find out where a model is unsure."""

    way: Literal["auto", "augment", "samples"] = setting(
        "auto",
        "What predictions for --uncertainty come from: slices shown in other ways, or "
        "answers that the model draws; auto draws where the model can.",
    )
    predictions: int = setting(
        8, "How many predictions --uncertainty is made of.", low=2, high=64
    )
    seed: int = setting(
        0, "Of the random numbers behind --uncertainty.", low=0, high=2**31 - 1
    )


class StitchSettings(Settings):
    """How styles are stitched into a scan."""

    strength: float = setting(
        1.0,
        "How far to go from healthy lung to what is painted; 1 as the model has it.",
        low=0,
        high=5,
    )
    border_mm: float = setting(
        1.5,
        "Width of the soft border around what is painted.",
        unit="mm",
        low=0,
        high=20,
    )
    spread_mm: float = setting(
        15.0,
        "How far lesions have spread at severity 2.",
        unit="mm",
        low=0,
        high=100,
    )
    anywhere: bool = setting(
        False, "Paint outside the lungs, too, in the box that the model was shown."
    )
