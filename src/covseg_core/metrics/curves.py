"""Measures of a probability map at 256 thresholds, counted in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.metrics.overlap import require_one_shape
from covseg_core.metrics.structure import e_measure_of_counts

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "THRESHOLDS",
    "ThresholdCurves",
    "dice_over_thresholds",
    "stretch",
    "threshold_curves",
]

THRESHOLDS = np.arange(256) / 255
"""From 0 to 1; a pixel is predicted where the map reaches the threshold."""


@dataclass(frozen=True, eq=False)
class ThresholdCurves:
    """Measures at each of `THRESHOLDS`, arrays (256,); 0 where TP = 0."""

    dice: npt.NDArray[np.float64]
    sensitivity: npt.NDArray[np.float64]
    specificity: npt.NDArray[np.float64]
    e_measure: npt.NDArray[np.float64]


def stretch(probability: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Stretch a map to reach from 0 to 1; one that is constant stays as it is."""
    values = probability.astype(np.float64)
    low, high = values.min(), values.max()
    return values if low == high else (values - low) / (high - low)


def threshold_curves(
    probability: npt.NDArray[Any], truth: npt.NDArray[Any]
) -> ThresholdCurves:
    """Compute the curves whose means `infnet2020` reports.

    Parameters
    ----------
    probability : ndarray
        In [0, 1].
    truth : ndarray
        Same shape; every pixel that is not 0 belongs to the mask.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    tp, fp, fn, tn = _count_over_thresholds(probability, truth)
    hit = tp > 0
    return ThresholdCurves(
        dice=_share(2 * tp, 2 * tp + fp + fn, hit),
        sensitivity=_share(tp, tp + fn, hit),
        specificity=_share(tn, tn + fp, hit),
        e_measure=np.where(hit, e_measure_of_counts(tp, fp, fn, tn), 0.0),
    )


def dice_over_thresholds(
    probability: npt.NDArray[Any], truth: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Compute Dice at each of `THRESHOLDS`, (256,); 1 where both masks are empty."""
    tp, fp, fn, _ = _count_over_thresholds(probability, truth)
    size = 2 * tp + fp + fn
    dice = _share(2 * tp, size, size > 0)
    dice[size == 0] = 1.0
    return dice


def _count_over_thresholds(
    probability: npt.NDArray[Any], truth: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], ...]:
    """Count TP, FP, FN and TN at each threshold, four arrays (256,)."""
    require_one_shape(probability, truth)
    reached = np.searchsorted(THRESHOLDS, probability.ravel(), side="right")
    inside = (truth != 0).ravel()
    tp, fp = _at_least(reached[inside]), _at_least(reached[~inside])
    n_true = int(inside.sum())
    return tp, fp, n_true - tp, inside.size - n_true - fp


def _at_least(reached: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Count, for each threshold, the pixels that reach it."""
    n = len(THRESHOLDS)
    exactly = np.bincount(reached, minlength=n + 1)
    return np.asarray(exactly[::-1].cumsum()[::-1][1:], np.int64)


def _share(
    part: npt.NDArray[np.int64],
    whole: npt.NDArray[np.int64],
    where: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Divide where asked, 0 elsewhere and where there is nothing to divide by."""
    result = np.zeros(whole.shape)
    np.divide(part, whole, out=result, where=where & (whole > 0))
    return result
