"""How sure a network is of what it found, as one number per scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["MATTERS", "confidence_of"]

MATTERS = 0.1
"""Pixels that are infected with at most this probability do not count."""


def confidence_of(probabilities: npt.NDArray[np.float32]) -> float:
    """Average how far the probability of infection is from a coin's.

    With p, the sum over the classes, it is the mean of ``|2p − 1|`` over the pixels
    with p above `MATTERS`.  Nearly all pixels of a scan are background that every
    network is sure of: their mean would be close to 1 whatever the lesions look
    like, and doubt about a small lesion would not show.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (C, ...)
        Of each class of infection, in [0, 1].

    Returns
    -------
    float
        From 0, all a guess, to 1; 1 too where nothing is suspected at all.
    """
    p = probabilities.sum(axis=0)
    suspected = p[p > MATTERS]
    if not suspected.size:
        return 1.0
    certainty = np.abs(2 * suspected.clip(max=1) - 1)
    return float(certainty.mean(dtype=np.float64))
