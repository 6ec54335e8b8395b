"""How many voxels two masks share.

A measure whose divisor is 0 is undefined and comes out as NaN, so that a mean
can leave it out and count it.  Two empty masks are no such case for Dice and
IoU: nothing was missed or made up, which is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Counts",
    "count_voxels",
    "dice",
    "iou",
    "mae",
    "precision",
    "sensitivity",
    "specificity",
]


@dataclass(frozen=True)
class Counts:
    """Voxels by what was predicted and what is true.

    Parameters
    ----------
    tp, fp : int
        Predicted; truly so, and not.
    fn, tn : int
        Not predicted; wrongly and rightly so.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def dice(self) -> float:
        """2·TP / (2·TP + FP + FN), which is F1; 1 when both masks are empty."""
        size = 2 * self.tp + self.fp + self.fn
        return 1.0 if size == 0 else 2 * self.tp / size

    @property
    def iou(self) -> float:
        """TP / (TP + FP + FN); 1 when both masks are empty."""
        union = self.tp + self.fp + self.fn
        return 1.0 if union == 0 else self.tp / union

    @property
    def precision(self) -> float:
        """TP / (TP + FP); NaN when nothing was predicted."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def sensitivity(self) -> float:
        """TP / (TP + FN), which is recall; NaN when nothing is true."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        """TN / (TN + FP); NaN when everything is true."""
        return _share(self.tn, self.tn + self.fp)


def count_voxels(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> Counts:
    """Count the voxels of two masks.

    Parameters
    ----------
    predicted, truth : ndarray
        Same shape; every voxel that is not 0 belongs to the mask.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    require_one_shape(predicted, truth)
    predicted, truth = predicted != 0, truth != 0
    n_predicted, n_true = int(predicted.sum()), int(truth.sum())
    tp = int((predicted & truth).sum())
    fp, fn = n_predicted - tp, n_true - tp
    return Counts(tp, fp, fn, truth.size - tp - fp - fn)


def dice(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the Dice coefficient, 2·|P∩T| / (|P| + |T|).

    Parameters
    ----------
    predicted, truth : ndarray
        Same shape; every voxel that is not 0 belongs to the mask.

    Returns
    -------
    float
        In [0, 1]; 1 when both are empty, as nothing was missed or made up.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    return count_voxels(predicted, truth).dice


def iou(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute intersection over union, |P∩T| / |P∪T|; see `dice`."""
    return count_voxels(predicted, truth).iou


def precision(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute |P∩T| / |P|; NaN when nothing was predicted; see `dice`."""
    return count_voxels(predicted, truth).precision


def sensitivity(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute recall, |P∩T| / |T|; NaN when nothing is true; see `dice`."""
    return count_voxels(predicted, truth).sensitivity


def specificity(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the share of the healthy left alone; NaN if none is; see `dice`."""
    return count_voxels(predicted, truth).specificity


def mae(probability: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the mean absolute error of a probability map or mask.

    Parameters
    ----------
    probability : ndarray
        In [0, 1]; a mask holds 0 and 1.
    truth : ndarray
        Same shape; every voxel that is not 0 belongs to the mask.

    Returns
    -------
    float
        In [0, 1]; NaN when there is no voxel.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    require_one_shape(probability, truth)
    if truth.size == 0:
        return math.nan
    return float(np.abs(probability.astype(np.float64) - (truth != 0)).mean())


def require_one_shape(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> None:
    """Raise `ValueError` unless both have one shape."""
    if predicted.shape != truth.shape:
        raise ValueError(
            f"masks must have one shape, got {predicted.shape} and {truth.shape}."
        )


def _share(part: int, whole: int) -> float:
    return math.nan if whole == 0 else part / whole
