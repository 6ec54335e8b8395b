"""How sure a model is: where its answers, asked several times, do not agree.

The measure is the predictive entropy: the entropy of the mean of the answers, over
background and classes.  It is high where answers differ and where each of them
wavers, and 0 where all are sure of the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.inference.config import UncertaintySettings

__all__ = ["Uncertainty", "entropy_of", "is_suspect", "score_case", "score_slices"]

SUSPECT_ABOVE = 0.05
TOP_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Where a model is unsure, and how much in all.

    Parameters
    ----------
    entropy : ndarray of float32, shape (Z, Y, X) or (H, W)
        In [0, 1], on the grid of the scan or picture; see `entropy_of`.
    settings : UncertaintySettings
        How it was found; `way` is not ``auto``.
    slices : tuple of float or None
        See `score_slices`; from foot to head.
    """

    entropy: npt.NDArray[np.float32]
    settings: UncertaintySettings
    slices: tuple[float | None, ...]

    @property
    def case(self) -> float | None:
        """One number for the scan; see `score_case`."""
        return score_case(self.slices)

    def as_dict(self) -> dict[str, object]:
        """Give the figures as plain values for JSON."""
        scores = [_rounded(score) for score in self.slices]
        found = {"case": _rounded(self.case), "slices": scores}
        return self.settings.model_dump() | found


def entropy_of(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Measure how undecided probabilities are.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (..., C, H, W)
        In [0, 1], one channel per class, background left out.

    Returns
    -------
    ndarray of float32, shape (..., H, W)
        Entropy over background and classes in bits, divided by its largest value
        log2(C + 1): 0 where one of them is certain, 1 where all are as likely.
    """
    background = 1 - probabilities.sum(axis=-3, keepdims=True)
    every = np.concatenate((background.clip(0), probabilities), axis=-3)
    every = every / every.sum(axis=-3, keepdims=True)
    # The limit of p log p at 0 is 0.
    bits = -(every * np.log2(np.where(every > 0, every, 1))).sum(axis=-3)
    return np.asarray((bits / np.log2(every.shape[-3])).clip(0, 1), np.float32)


def is_suspect(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell which pixels (..., H, W) may be infected: by more than 5 %."""
    return np.asarray(probabilities.sum(axis=-3) > SUSPECT_ABOVE)


def score_slices(
    entropy: npt.NDArray[np.float32], region: npt.NDArray[np.bool_]
) -> tuple[float | None, ...]:
    """Give each slice the mean entropy of the pixels that matter.

    Parameters
    ----------
    entropy : ndarray of float32, shape (Z, Y, X)
        In [0, 1].
    region : ndarray of bool, shape (Z, Y, X)
        The lungs, so that a slice does not score low because much air is around
        the patient; where they are not known, what `is_suspect`.

    Returns
    -------
    tuple of float or None
        In [0, 1]; None for a slice without such pixels.
    """
    return tuple(
        float(one[inside].mean(dtype=np.float64)) if inside.any() else None
        for one, inside in zip(entropy, region, strict=True)
    )


def score_case(slices: tuple[float | None, ...]) -> float | None:
    """Give the mean of the most uncertain fifth of the scored slices, at least of one.

    The mean over all slices would hide a lesion that a model is unsure of behind
    the clear slices around it, and the largest value would rest on one slice that
    may only be noisy.  None if no slice has a score.
    """
    scores = sorted((score for score in slices if score is not None), reverse=True)
    if not scores:
        return None
    return float(np.mean(scores[: max(round(TOP_SHARE * len(scores)), 1)]))


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 5)
