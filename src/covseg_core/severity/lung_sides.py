"""Tell right from left where a lung mask has one value for both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import Lung

if TYPE_CHECKING:
    from covseg_core.volume import LungMask

__all__ = ["TOLD_APART", "told_apart"]

TOLD_APART = (
    "the lung mask has one value for both lungs, so right and left were told apart by "
    "where they lie: check the sides"
)
"""Stands in the notes of the source of such a mask."""
_LEAST_SHARE = 0.05
"""Less than this beyond the middle is no second lung."""


def told_apart(lungs: LungMask) -> LungMask:
    """Split a mask with one value if it holds both lungs.

    Many lung masks are 1 everywhere, which would make all infection that of the right
    lung.  A mask with both values, or of one lung on its side, is given back as it is.

    Parameters
    ----------
    lungs : LungMask
        On the grid of a scan that shows both sides of the chest.

    Returns
    -------
    LungMask
        With `TOLD_APART` in the notes of its source, if it was split.
    """
    if (lungs.labels == Lung.RIGHT).any() == (lungs.labels == Lung.LEFT).any():
        return lungs
    from covseg_core.collections.sides import sided_lungs

    sided = sided_lungs(lungs)
    sizes = np.bincount(sided.labels.ravel(), minlength=3)[1:3]
    if sizes.min() < _LEAST_SHARE * sizes.sum():
        return lungs
    notes = (*lungs.source.notes, TOLD_APART)
    return replace(sided, source=replace(lungs.source, notes=notes))
