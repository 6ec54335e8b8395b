"""Trace the marked pixels of a slice as closed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["trace"]


def trace(marked: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    """Trace the borders of marked pixels, holes as lines of their own.

    A line runs half way between a marked pixel's centre and its neighbour's, so a
    pixel's centre lies within an odd number of lines if and only if it is marked.

    Parameters
    ----------
    marked : ndarray of bool, shape (rows, columns)
        One slice.

    Returns
    -------
    list of ndarray, shape (N, 2)
        Corners (row, column) of each line in turn; the last joins the first.
    """
    # scikit-image takes long to import.
    from skimage.measure import find_contours

    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return []
    first = np.array([rows[0], columns[0]])
    part = marked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # A rim of background closes every line.
    lines = find_contours(np.pad(part, 1).astype(np.float32), 0.5)
    return [_corners(line[:-1]) + (first - 1) for line in lines]


def _corners(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out the points that lie between their neighbours on a straight line."""
    before = line - np.roll(line, 1, axis=0)
    after = np.roll(line, -1, axis=0) - line
    turns = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return line[np.abs(turns) > 1e-9]
