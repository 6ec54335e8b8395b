"""What predicting gives; no torch is needed to hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from covseg_core.inference.uncertainty import Uncertainty
    from covseg_core.volume import LesionMask, LungMask

__all__ = ["Prediction", "SlicePrediction"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """A mask and how it came about.

    Parameters
    ----------
    lesions : LesionMask
        On the grid of the CT.
    lungs : LungMask or None
        As found or as given; None if the model needs none and none was given.
    probabilities : ndarray of float32, shape (C, Z, Y, X), or None
        On the grid of the CT, when asked for.
    device, engine : str
        What ran the network at the end.
    seconds : float
        From start to end.
    notes : tuple of str
        What a careful reader should know.
    uncertainty : Uncertainty or None
        When asked for.
    """

    lesions: LesionMask
    lungs: LungMask | None
    probabilities: npt.NDArray[np.float32] | None
    device: str
    engine: str
    seconds: float
    notes: tuple[str, ...] = ()
    uncertainty: Uncertainty | None = None


@dataclass(frozen=True, eq=False)
class SlicePrediction:
    """Classes (H, W) and probabilities (C, H, W) of one 8-bit slice."""

    labels: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]
