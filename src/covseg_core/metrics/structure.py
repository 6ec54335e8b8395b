"""Measures of pictures that look beyond single pixels.

S-measure: D.-P. Fan et al., "Structure-measure: A new way to evaluate
foreground maps", ICCV 2017.  Enhanced-alignment measure: D.-P. Fan et al.,
"Enhanced-alignment measure for binary foreground map evaluation", IJCAI 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.metrics.overlap import count_voxels, require_one_shape

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["e_measure", "e_measure_of_counts", "s_measure"]

ALPHA = 0.5
"""Weight of whole objects against regions."""

_EPS = float(np.spacing(1.0))


def s_measure(probability: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the S-measure of one picture.

    Parameters
    ----------
    probability : ndarray, shape (H, W)
        In [0, 1]; a mask holds 0 and 1.
    truth : ndarray, shape (H, W)
        Every pixel that is not 0 belongs to the mask.

    Returns
    -------
    float
        In [0, 1].  Without truth 1 - mean(probability), with truth everywhere
        mean(probability).

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    require_one_shape(probability, truth)
    grey, truth = probability.astype(np.float64), truth != 0
    if not truth.any():
        return 1.0 - float(grey.mean())
    if truth.all():
        return float(grey.mean())
    share = ALPHA * _object_score(grey, truth)
    return max(0.0, share + (1 - ALPHA) * _region_score(grey, truth))


def e_measure(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the enhanced-alignment measure of two masks.

    Parameters
    ----------
    predicted, truth : ndarray
        Same shape; every pixel that is not 0 belongs to the mask.

    Returns
    -------
    float
        From 0 to n/(n - 1) for n pixels, as the authors divide by n - 1.  Without
        truth it is the share of pixels not predicted, with truth everywhere the
        share predicted.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    counts = count_voxels(predicted, truth)
    return float(e_measure_of_counts(counts.tp, counts.fp, counts.fn, counts.tn))


def e_measure_of_counts(
    tp: npt.ArrayLike, fp: npt.ArrayLike, fn: npt.ArrayLike, tn: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Compute the enhanced-alignment measure from how many pixels are which.

    A pixel's alignment depends only on its two labels and the two means, so the
    sum over pixels has four terms.

    Parameters
    ----------
    tp, fp : int or ndarray
        Pixels predicted; truly so, and not.
    fn, tn : int or ndarray
        Pixels not predicted; wrongly and rightly so.

    Returns
    -------
    ndarray
        Of the shape of the counts.
    """
    tp, fp, fn, tn = (np.asarray(each, np.float64) for each in (tp, fp, fn, tn))
    n = tp + fp + fn + tn
    mean_p, mean_t = (tp + fp) / n, (tp + fn) / n
    terms = (
        (tp, 1 - mean_p, 1 - mean_t),
        (fp, 1 - mean_p, -mean_t),
        (fn, -mean_p, 1 - mean_t),
        (tn, -mean_p, -mean_t),
    )
    total = sum(many * _enhanced(p, t) for many, p, t in terms)
    total = np.where(mean_t == 0, tn, np.where(mean_t == 1, tp, total))
    return np.asarray(total / np.maximum(n - 1, 1))


def _enhanced(p: npt.NDArray[Any], t: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Align two centred labels: 1 where they agree, down to 0 where they oppose."""
    alignment = 2 * p * t / (p * p + t * t + _EPS)
    return np.asarray((alignment + 1) ** 2 / 4)


def _object_score(grey: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    share = float(truth.mean())
    return share * _sureness(grey[truth]) + (1 - share) * _sureness(1 - grey[~truth])


def _sureness(values: npt.NDArray[np.float64]) -> float:
    """Score how high and how even values are that should all be 1."""
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean * mean + 1 + spread + _EPS)


def _region_score(grey: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """Compare the four rectangles that meet at the centroid of the truth."""
    row, column = (int(np.rint(where.mean())) + 1 for where in np.nonzero(truth))
    rectangles = [
        (rows, columns)
        for rows in (slice(0, row), slice(row, None))
        for columns in (slice(0, column), slice(column, None))
    ]
    score = 0.0
    for rectangle in rectangles:
        if truth[rectangle].size:
            weight = truth[rectangle].size / truth.size
            score += weight * _similarity(grey[rectangle], truth[rectangle])
    return score


def _similarity(grey: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """Compute the structural similarity of a rectangle without its constants."""
    x, y = float(grey.mean()), float(truth.mean())
    degrees = max(grey.size - 1, 1)
    dx, dy = grey - x, truth - y
    variances = (float((dx * dx).sum()) + float((dy * dy).sum())) / degrees
    above = 4 * x * y * float((dx * dy).sum()) / degrees
    below = (x * x + y * y) * variances
    if above != 0:
        return above / (below + _EPS)
    return 1.0 if below == 0 else 0.0
