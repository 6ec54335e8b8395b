"""How to evaluate: the settings behind the command line and the report."""

from __future__ import annotations

from typing import Literal

from covseg_core.metrics.surface import TOLERANCE_MM
from covseg_core.settings import Settings, setting

__all__ = ["EvaluateSettings"]


class EvaluateSettings(Settings):
    """How to compare masks or probabilities with a reader's masks."""

    protocol: Literal["standard", "infnet2020"] = setting(
        "standard",
        "standard judges a mask, or probabilities above 0.5; infnet2020 is the mean "
        "over 256 thresholds of each slice.",
    )
    tolerance_mm: float = setting(
        TOLERANCE_MM,
        "Surfaces this near count as agreeing in the surface Dice.",
        unit="mm",
        low=0,
        high=50,
    )
