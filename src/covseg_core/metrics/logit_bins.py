"""Probabilities as logits, sorted into narrow bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["FINE_BINS", "LOGIT_END", "bins_of", "logits_of"]

FINE_BINS = 800
LOGIT_END = 24.0
"""Logits beyond ± this, probabilities within 4e-11 of 0 or 1, count as this."""
ROUNDING = 1e-3
"""How far the sum over classes may lie above 1."""


def logits_of(p: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn probabilities (n,) into logits, cut at ± 24.

    Raises
    ------
    ValueError
        If one is not in [0, 1].
    """
    # Written so that NaN is refused too.
    if p.size and not (p.min() >= 0 and p.max() <= 1 + ROUNDING):
        raise ValueError(
            f"got values from {p.min():.4g} to {p.max():.4g}; probabilities lie in "
            "[0, 1]. Give what a model answers, not its logits."
        )
    p = p.clip(0, 1)
    with np.errstate(divide="ignore"):
        logits = np.log(p) - np.log1p(-p)
    return np.asarray(logits.clip(-LOGIT_END, LOGIT_END))


def bins_of(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Give the number of the bin, from 0, of each logit (n,) in [-24, 24]."""
    place = (logits + LOGIT_END) * (FINE_BINS / (2 * LOGIT_END))
    return np.minimum(place.astype(np.intp), FINE_BINS - 1)
