"""How pseudo-labels are made: the settings behind the command line."""

from __future__ import annotations

from typing import Any

from covseg_core.inference.config import PredictSettings
from covseg_core.settings import setting

__all__ = ["PseudoSettings", "least_confidence"]


def least_confidence() -> Any:
    """Declare the field of the confidence rule; 0 switches it off."""
    return setting(
        0.0,
        "Leave out scans of which the network is less sure than this; 0 takes all.",
        low=0,
        high=1,
    )


class PseudoSettings(PredictSettings):
    """How to predict masks that are to be learnt from."""

    confidence: float = least_confidence()
