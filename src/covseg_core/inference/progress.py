"""What a run over slices reports, for whoever shows it; no torch is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Progress"]


@dataclass(frozen=True, eq=False)
class Progress:
    """What was finished since the last report.

    Parameters
    ----------
    stage : str
        In plain words, such as ``Outlining infection``.
    done, total : int
        Slices finished, and slices to do; 0 of 0 while that is unknown.
    slices : slice, optional
        The slices finished just now, in the standard orientation.
    labels : ndarray of uint8, shape (n, Y, X), optional
        Their classes.
    """

    stage: str
    done: int = 0
    total: int = 0
    slices: slice | None = None
    labels: npt.NDArray[np.uint8] | None = None
