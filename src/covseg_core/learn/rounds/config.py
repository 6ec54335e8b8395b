"""How a model teaches itself: the settings behind the command line."""

from __future__ import annotations

from typing import Literal

from covseg_core.learn.pseudo_config import least_confidence
from covseg_core.settings import setting
from covseg_core.training.config import LEAST_RATE, TrainSettings

__all__ = ["SelfTrainSettings"]


class SelfTrainSettings(TrainSettings):
    """How to train in rounds of pseudo-labels; the defaults suit a trained parent."""

    recipe: Literal["inf-net", "u-net"] = setting(
        "inf-net",
        "u-net trains in rounds; inf-net then trains on the pseudo-labels alone and, "
        "last, on the true labels alone.",
    )
    group: int = setting(16, "Slices labelled in a round; a volume goes whole.", low=1)
    limit: int = setting(
        1600, "Unlabelled slices that take part, drawn at random.", low=1
    )
    confidence: float = least_confidence()
    epochs: int = setting(
        1, "Passes over true and pseudo-labelled slices in every round.", low=1
    )
    last_epochs: int = setting(
        10, "With inf-net: passes of each of the two last stages.", low=1
    )
    learning_rate: float = setting(
        3e-4,
        "Largest step size of Adam in every round and stage.",
        low=LEAST_RATE,
        high=1,
    )
    rehearsal: float = setting(
        0.5,
        "Share of the drawn slices that a person outlined, in the rounds.",
        low=0,
        high=0.95,
    )

    def for_fine_tuning(self) -> SelfTrainSettings:
        """Give these settings as they are: a run in rounds always has a parent."""
        return self
