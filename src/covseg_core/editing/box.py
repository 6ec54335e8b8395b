"""Where in a mask a class is, so that tools need not look everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.editing.change import Box

__all__ = ["class_box", "margin_voxels", "widened"]


def class_box(labels: npt.NDArray[np.uint8], value: int) -> Box | None:
    """Find the smallest box that holds a class.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class.

    Returns
    -------
    Box or None
        None if the class is nowhere.
    """
    shadow = np.zeros(labels.shape[1:], bool)
    painted = []
    # One slice at a time stays in the cache of the processor.
    for number, image in enumerate(labels):
        here = image == value
        if here.any():
            painted.append(number)
            shadow |= here
    if not painted:
        return None
    rows, columns = (np.flatnonzero(shadow.any(axis=axis)) for axis in (1, 0))
    return (
        slice(painted[0], painted[-1] + 1),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def widened(box: Box, margin_zyx: tuple[int, int, int], shape: tuple[int, ...]) -> Box:
    """Make a box larger by some voxels on each side, as far as the volume goes."""
    z, y, x = (
        slice(max(0, side.start - margin), min(size, side.stop + margin))
        for side, margin, size in zip(box, margin_zyx, shape, strict=True)
    )
    return z, y, x


def margin_voxels(
    distance_mm: float, spacing_mm_zyx: tuple[float, float, float]
) -> tuple[int, int, int]:
    """Give the voxels along each axis that a distance reaches, and one more."""
    z, y, x = (int(distance_mm / step) + 1 for step in spacing_mm_zyx)
    return z, y, x
