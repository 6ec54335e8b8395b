"""Dice at every threshold, counted in one pass over the voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["HALF", "THRESHOLDS", "best_threshold", "dice_curve"]

THRESHOLDS = np.arange(101) / 100
"""A voxel is outlined where its probability is above the threshold."""
HALF = 50
"""Index of the threshold 0.5."""
NOISE = 0.002
"""A difference of Dice that so few patients do not show."""


def dice_curve(
    probability: npt.NDArray[Any], truth: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Compute Dice at each of `THRESHOLDS`, (101,); 1 where both masks are empty.

    Parameters
    ----------
    probability : ndarray
        In [0, 1].
    truth : ndarray of bool
        Same shape.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if probability.shape != truth.shape:
        raise ValueError(
            f"probabilities and truth must have one shape, got {probability.shape} "
            f"and {truth.shape}."
        )
    # How many thresholds a voxel lies above, in the arithmetic of a prediction.
    thresholds = THRESHOLDS.astype(probability.dtype)
    above = np.searchsorted(thresholds, probability.ravel(), side="left")
    inside = truth.ravel()
    hits, all_found = _found(above[inside]), _found(above)
    size = all_found + int(inside.sum())
    curve = np.ones(len(THRESHOLDS))
    np.divide(2 * hits, size, out=curve, where=size > 0)
    return curve


def best_threshold(curves: Sequence[npt.NDArray[np.float64]]) -> float:
    """Choose, of the thresholds with about the best mean of curves, that next to 0.5.

    Parameters
    ----------
    curves : sequence of ndarray, shape (101,)
        One for each source.  0 and 1 cannot be chosen, as they ask the model nothing.
        What is less than `NOISE` below the best is about the best.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if len(curves) == 0:
        raise ValueError("there must be at least one curve to choose from.")
    mean = np.mean(curves, axis=0)[1:-1]
    best = np.flatnonzero(mean >= mean.max() - NOISE) + 1
    return float(THRESHOLDS[best[np.abs(best - HALF).argmin()]])


def _found(above: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Count, for each threshold, the voxels that lie above it."""
    exactly = np.bincount(above, minlength=len(THRESHOLDS) + 1)
    return np.asarray(exactly[::-1].cumsum()[::-1][1:], np.int64)
