"""The measures of one case, for infection and for each class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.labels import LESIONS, UNKNOWN_CLASS
from covseg_core.metrics.config import EvaluateSettings
from covseg_core.metrics.curves import stretch, threshold_curves
from covseg_core.metrics.overlap import count_voxels, mae
from covseg_core.metrics.structure import e_measure, s_measure
from covseg_core.metrics.surface import hd95_mm, surface_dice
from covseg_core.transforms.postprocess import classes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

__all__ = [
    "ANY_CLASS",
    "MEASURES",
    "counted_slices",
    "infection_probability",
    "labels_from",
    "score_case",
]

ANY_CLASS = "infection"
THRESHOLD = 0.5
PAPER_MEASURES = (
    "dice",
    "sensitivity",
    "specificity",
    "s_measure",
    "e_measure",
    "mae",
)
MEASURES = {
    "standard": (*PAPER_MEASURES, "iou", "precision", "hd95_mm", "surface_dice"),
    "infnet2020": PAPER_MEASURES,
}
"""The measures of each protocol; the first six in the order of the papers."""
_NEED_TRUTH = {
    "standard": ("dice", "iou"),
    "infnet2020": ("dice", "sensitivity", "specificity", "e_measure"),
}
"""Undefined for a class that the truth may hold in voxels of unknown class only."""


@dataclass(frozen=True, eq=False)
class _Target:
    """One meaning of a voxel, as predicted and as true; arrays of one shape."""

    probability: npt.NDArray[Any]
    predicted: npt.NDArray[np.bool_]
    truth: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]

    @property
    def is_open(self) -> bool:
        """Whether nobody knows if there is any truth."""
        return not self.truth.any() and not self.known.all()


def score_case(
    predicted: npt.NDArray[Any],
    truth: npt.NDArray[np.uint8],
    spacing_mm: tuple[float, ...] | None = None,
    classes: Iterable[int] = (),
    settings: EvaluateSettings | None = None,
) -> dict[str, dict[str, float]]:
    """Compare a prediction with a reader's mask.

    Parameters
    ----------
    predicted : ndarray
        Labels of the shape of `truth`, or probabilities in [0, 1] with one axis
        more in front, one channel per class.
    truth : ndarray of uint8, shape (Z, Y, X) or (H, W)
        Labels; `labels.UNKNOWN_CLASS` is infected and takes no part in the
        measures of a class.
    spacing_mm : tuple of float, optional
        Distance of voxel centres along each axis of `truth`; without it there are
        no distances.
    classes : iterable of int
        Labels to score one by one, besides infection.
    settings : EvaluateSettings, optional
        The protocol and its numbers.

    Returns
    -------
    dict
        For ``infection`` and the key of each class: each of `MEASURES`, NaN where
        undefined, and ``truth_voxels`` and ``predicted_voxels``.

    Raises
    ------
    ValueError
        If the shapes do not fit, a class has no channel, or ``infnet2020`` is
        asked to judge more than one slice.
    """
    settings = settings or EvaluateSettings()
    if settings.protocol == "infnet2020" and truth.ndim != 2:
        raise ValueError(
            f"infnet2020 judges single slices, got a mask of shape {truth.shape}. "
            "Score each of `counted_slices`."
        )
    scores = {}
    for key, target in _targets(predicted, truth, classes):
        if settings.protocol == "infnet2020":
            scores[key] = _score_thresholds(target)
        else:
            scores[key] = _score_masks(target, spacing_mm, settings.tolerance_mm)
        if target.is_open:
            scores[key] |= dict.fromkeys(_NEED_TRUTH[settings.protocol], math.nan)
        scores[key] |= {
            "truth_voxels": int(target.truth.sum()),
            "predicted_voxels": int(target.predicted[target.known].sum()),
        }
    return scores


def counted_slices(
    truth: npt.NDArray[np.uint8], *predictions: npt.NDArray[Any]
) -> list[int]:
    """List the slices of a volume that hold truth or any prediction.

    Parameters
    ----------
    truth : ndarray of uint8, shape (Z, Y, X)
        Labels.
    *predictions : ndarray, shape (Z, Y, X) or (C, Z, Y, X)
        Labels or probabilities.
    """
    counted = truth.any(axis=(1, 2))
    for predicted in predictions:
        counted = counted | labels_from(predicted, truth.ndim).any(axis=(1, 2))
    return [int(z) for z in np.flatnonzero(counted)]


def labels_from(predicted: npt.NDArray[Any], axes: int) -> npt.NDArray[np.uint8]:
    """Give labels as they are, and make them of probabilities above 0.5.

    Parameters
    ----------
    predicted : ndarray
        Labels, or probabilities with one axis more in front.
    axes : int
        Number of axes of labels.
    """
    if predicted.ndim == axes:
        return predicted.astype(np.uint8)
    channels_third_last = np.moveaxis(predicted, 0, -3)
    return classes_of(channels_third_last, THRESHOLD)


def infection_probability(
    predicted: npt.NDArray[Any], axes: int
) -> npt.NDArray[np.float64]:
    """Add up the classes of a prediction; a mask gives 0 and 1. See `labels_from`."""
    if predicted.ndim == axes:
        return (predicted != 0).astype(np.float64)
    return np.asarray(predicted.sum(axis=0, dtype=np.float64).clip(0, 1))


def _targets(
    predicted: npt.NDArray[Any], truth: npt.NDArray[np.uint8], classes: Iterable[int]
) -> Iterator[tuple[str, _Target]]:
    if predicted.shape[predicted.ndim - truth.ndim :] != truth.shape:
        raise ValueError(
            f"a prediction of shape {predicted.shape} does not fit a mask of shape "
            f"{truth.shape}."
        )
    axes, is_mask = truth.ndim, predicted.ndim == truth.ndim
    labels = labels_from(predicted, axes)
    everywhere = np.ones(truth.shape, np.bool_)
    probability = infection_probability(predicted, axes)
    yield ANY_CLASS, _Target(probability, labels > 0, truth > 0, everywhere)
    for value in classes:
        if not is_mask and value > len(predicted):
            raise ValueError(
                f"class {value} has no channel: the prediction has {len(predicted)}."
            )
        mask = labels == value
        probability = mask if is_mask else predicted[value - 1]
        known = truth != UNKNOWN_CLASS
        yield _key_of(value), _Target(probability, mask, truth == value, known)


def _key_of(value: int) -> str:
    return LESIONS.keys[LESIONS.values.index(value)]


def _score_masks(
    target: _Target, spacing_mm: tuple[float, ...] | None, tolerance_mm: float
) -> dict[str, float]:
    """Score `standard`: volumes whole, S- and E-measure slice by slice."""
    known = target.known
    counts = count_voxels(target.predicted[known], target.truth[known])
    scores = {
        "dice": counts.dice,
        "sensitivity": counts.sensitivity,
        "specificity": counts.specificity,
        "s_measure": _mean_over_planes(target, _s_measure),
        "e_measure": _mean_over_planes(target, _e_measure),
        "mae": mae(target.probability[known], target.truth[known]),
        "iou": counts.iou,
        "precision": counts.precision,
    }
    if spacing_mm is not None:
        masks = target.predicted, target.truth
        # A surface that runs through voxels of unknown class is nobody's.
        whole = bool(known.all())
        scores["hd95_mm"] = hd95_mm(*masks, spacing_mm) if whole else math.nan
        scores["surface_dice"] = (
            surface_dice(*masks, spacing_mm, tolerance_mm) if whole else math.nan
        )
    return scores


def _score_thresholds(target: _Target) -> dict[str, float]:
    """Score `infnet2020`, one slice."""
    grey, known = stretch(target.probability), target.known
    curves = threshold_curves(grey[known], target.truth[known])
    return {
        "dice": float(curves.dice.mean()),
        "sensitivity": float(curves.sensitivity.mean()),
        "specificity": float(curves.specificity.mean()),
        "s_measure": s_measure(grey, target.truth) if known.all() else math.nan,
        "e_measure": float(curves.e_measure.mean()),
        "mae": mae(grey[known], target.truth[known]),
    }


def _mean_over_planes(target: _Target, measure: Callable[[_Target], float]) -> float:
    """Average a measure of pictures over the slices with truth or prediction."""
    scores = [measure(plane) for plane in _planes(target)]
    defined = [score for score in scores if not math.isnan(score)]
    return sum(defined) / len(defined) if defined else math.nan


def _planes(target: _Target) -> list[_Target]:
    if target.truth.ndim == 2:
        return [target]
    counted: Sequence[int] = np.flatnonzero(
        (target.truth | target.predicted).any(axis=(1, 2))
    ).tolist() or range(len(target.truth))
    return [
        _Target(
            target.probability[z], target.predicted[z], target.truth[z], target.known[z]
        )
        for z in counted
    ]


def _s_measure(plane: _Target) -> float:
    # Its rectangles need whole pictures.
    if not plane.known.all():
        return math.nan
    return s_measure(plane.probability, plane.truth)


def _e_measure(plane: _Target) -> float:
    if not plane.known.any():
        return math.nan
    return e_measure(plane.predicted[plane.known], plane.truth[plane.known])
