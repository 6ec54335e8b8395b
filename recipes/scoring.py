"""What is noted of one held-out case, as plain values for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from curve import dice_curve
from scipy.stats import mannwhitneyu

from covseg_core.labels import LUNGS, UNKNOWN_CLASS
from covseg_core.metrics import dice
from covseg_core.metrics.calibration import Reliability

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.labels import LabelSet

__all__ = ["Answer", "Truth", "score"]

DIGITS = 4


@dataclass(frozen=True, eq=False)
class Truth:
    """What a reader outlined in one case.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Of the model's label set; `labels.UNKNOWN_CLASS` is infected, of no known
        class.
    region : ndarray of bool, shape (Z, Y, X), or None
        Where probabilities are checked, such as the lungs; None is everywhere.
    voxel_ml : float or None
        Volume of a voxel; None for a picture.
    infection : ndarray of bool, shape (Z, Y, X), optional
        What a mask of the lungs is to hold.
    """

    labels: npt.NDArray[np.uint8]
    region: npt.NDArray[np.bool_] | None
    voxel_ml: float | None
    infection: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model outlined in one case.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        The mask that a user gets.
    probabilities : ndarray of float32, shape (C, Z, Y, X)
        Of each class, before small islands are dropped.
    """

    labels: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]


def score(answer: Answer, truth: Truth, label_set: LabelSet) -> dict[str, Any]:
    """Compare an answer with the truth.

    Parameters
    ----------
    answer : Answer
        Of a model.
    truth : Truth
        Of the same case.
    label_set : LabelSet
        Of the model.

    Returns
    -------
    dict
        ``dice`` of the mask, all classes taken together; ``curve``, that of the
        probabilities at each of `curve.THRESHOLDS`, and its mean, ``mean_dice``; all
        None where there is nothing to find.  ``classes``, the Dice of each class that
        occurs.  ``slice_auc``, how often an infected slice of a scan has more outlined
        in it than one without infection; None where a scan has only one kind, and for
        lungs.  ``held``, the share of the infection that lies in what is outlined, for
        lungs with any.  ``true_ml``, ``found_ml``, and ``false_ml`` where there is
        nothing to find; None for a picture.  ``reliability``, see
        `metrics.calibration`.
    """
    inside = truth.labels > 0
    together = np.clip(answer.probabilities.sum(axis=0), 0, 1)
    counted = Reliability.of(together, inside, within=truth.region)
    found_ml = _ml(answer.labels > 0, truth.voxel_ml)
    scores: dict[str, Any] = {
        "dice": None,
        "mean_dice": None,
        "classes": _classes(answer.labels, truth.labels, label_set),
        "slice_auc": None if label_set == LUNGS else _ranking(answer.labels, inside),
        "held": _held(answer.labels > 0, truth.infection),
        "true_ml": _ml(inside, truth.voxel_ml),
        "found_ml": found_ml,
        "false_ml": None if inside.any() else found_ml,
        "curve": None,
        "reliability": counted.as_dict(),
    }
    if inside.any():
        curve = dice_curve(together, inside)
        scores["dice"] = _short(dice(answer.labels, inside))
        scores["mean_dice"] = _short(curve.mean())
        scores["curve"] = [_short(value) for value in curve]
    return scores


def _classes(
    found: npt.NDArray[np.uint8], true: npt.NDArray[np.uint8], label_set: LabelSet
) -> dict[str, float]:
    """Score each class that occurs, leaving out voxels of unknown class."""
    if len(label_set.classes) == 1:
        return {}
    known = true != UNKNOWN_CLASS
    return {
        label.key: _short(dice((found == label.value) & known, true == label.value))
        for label in label_set.classes
        if (true == label.value).any()
    }


def _ranking(
    found: npt.NDArray[np.uint8], inside: npt.NDArray[np.bool_]
) -> float | None:
    """Rank slices by the area outlined in them: area under the ROC curve."""
    infected = inside.any(axis=(1, 2))
    if infected.all() or not infected.any():
        return None
    areas = np.count_nonzero(found, axis=(1, 2))
    wins = mannwhitneyu(areas[infected], areas[~infected]).statistic
    return _short(wins / (infected.sum() * (~infected).sum()))


def _held(
    found: npt.NDArray[np.bool_], infection: npt.NDArray[np.bool_] | None
) -> float | None:
    if infection is None or not infection.any():
        return None
    return _short(found[infection].mean())


def _ml(mask: npt.NDArray[np.bool_], voxel_ml: float | None) -> float | None:
    return None if voxel_ml is None else round(int(mask.sum()) * voxel_ml, 2)


def _short(value: float) -> float:
    return round(float(value), DIGITS)
