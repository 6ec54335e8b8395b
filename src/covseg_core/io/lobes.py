"""Read a mask of the five lobes, as other programs make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.io.nifti import read_nifti_labels
from covseg_core.io.same_voxels import in_order_of
from covseg_core.labels import LOBES
from covseg_core.volume import LobeMask

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import Grid

__all__ = ["read_lobes"]


def read_lobes(path: Path, grid: Grid) -> LobeMask:
    """Read lobes from NIfTI: 1 to 5 as in `labels.LOBES`.

    Parameters
    ----------
    path : Path
        The file.
    grid : Grid
        Of the scan; the mask may store its voxels in another order.

    Raises
    ------
    InputRefusedError
        If the file is damaged or holds other values.
    GeometryError
        If its voxels are not those of the scan.
    """
    mask = read_nifti_labels(path, LOBES)
    labels = np.ascontiguousarray(in_order_of(grid, mask.labels, mask.grid))
    return LobeMask(labels, grid, source=mask.source)
