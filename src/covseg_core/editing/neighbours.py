"""Copy the mask of a neighbouring slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["copy_slice"]


def copy_slice(
    labels: npt.NDArray[np.uint8],
    target: int,
    source: int,
    value: int | None = None,
    *,
    replace: bool = False,
) -> npt.NDArray[np.uint8]:
    """Paint in one slice what another one has.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    target, source : int
        Numbers of the slices, from 0.
    value : int, optional
        The class to copy; all classes if it is not given.
    replace : bool
        Whether what the target has of these classes is erased first.  Over what
        is left, nothing is painted.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A new mask.

    Raises
    ------
    UsageError
        If there is no such slice.
    """
    for number in (target, source):
        if not 0 <= number < len(labels):
            side = "below" if number < 0 else "above"
            raise UsageError(f"the scan ends here: it has no slice {side} this one.")
    result = labels.copy()
    image, model = result[target], labels[source]
    if replace:
        image[(image != 0) if value is None else (image == value)] = 0
    copied = (model != 0) if value is None else (model == value)
    copied = copied & (image == 0)
    image[copied] = model[copied]
    return result
