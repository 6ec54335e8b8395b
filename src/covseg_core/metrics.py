"""How well a mask agrees with a reader's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["dice"]


def dice(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Compute the Dice coefficient, 2·|P∩T| / (|P| + |T|).

    Parameters
    ----------
    predicted, truth : ndarray
        Same shape; every voxel that is not 0 belongs to the mask.

    Returns
    -------
    float
        In [0, 1]; 1 when both are empty, as nothing was missed or made up.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if predicted.shape != truth.shape:
        raise ValueError(
            f"masks must have one shape, got {predicted.shape} and {truth.shape}."
        )
    predicted, truth = predicted != 0, truth != 0
    size = int(predicted.sum()) + int(truth.sum())
    return 1.0 if size == 0 else 2.0 * int((predicted & truth).sum()) / size
