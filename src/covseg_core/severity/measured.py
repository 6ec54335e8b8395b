"""Which voxels are measured: lungs with all infection, padding left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.severity.regions import (
    nearest_region,
    require_lungs,
    sides_of,
    spread,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["measured_sides"]


def measured_sides(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> npt.NDArray[np.uint8]:
    """Tell which lung every measured voxel belongs to.

    Parameters
    ----------
    ct : CTVolume
        For its padding, which takes no part.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`.  Infection outside the lungs is added to the lung that
        it is nearest to.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        `Lung` values; a new array.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty.
    """
    lung = sides_of(require_lungs(ct, lesions, lungs))
    sides = spread(lung, nearest_region(lung, lesions)).labels
    if ct.padding is not None:
        sides[ct.padding] = 0
    return sides
