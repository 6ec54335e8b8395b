"""Read probability maps: NIfTI with the classes as fourth axis, or NumPy files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti_checks import MAX_VOXELS, grid_of
from covseg_core.io.refusing import refusing

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import Grid

__all__ = ["read_nifti_probabilities", "read_npy_probabilities"]

_TOLERANCE = 1e-4
"""How far rounding may push a probability out of [0, 1]."""


def read_nifti_probabilities(path: Path) -> tuple[npt.NDArray[np.float32], Grid]:
    """Read the maps of one volume from ``.nii`` or ``.nii.gz``.

    Returns
    -------
    ndarray of float32, shape (C, Z, Y, X)
        In [0, 1].
    Grid
        Where the voxels lie.

    Raises
    ------
    InputRefusedError
        If the file is damaged or does not hold probabilities.
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    with refusing(path, "probability map"):
        image: Any = nib.load(path, mmap=False)
        shape = image.shape
        if len(shape) not in (3, 4) or np.prod(shape, dtype=float) > MAX_VOXELS:
            raise InputRefusedError(
                f"it holds {_times(shape)} values; x, y, z and one axis of classes are "
                "needed."
            )
        x, y, z = shape[:3]
        grid, _ = grid_of(image.header, (z, y, x))
        maps = np.asarray(image.dataobj, np.float32).T
        return _checked(maps.reshape(-1, z, y, x)), grid


def read_npy_probabilities(path: Path) -> npt.NDArray[np.float32]:
    """Read the maps of one slice from ``.npy``.

    Returns
    -------
    ndarray of float32, shape (C, H, W)
        In [0, 1].

    Raises
    ------
    InputRefusedError
        If the file is damaged or does not hold probabilities.
    """
    with refusing(path, "probability map"):
        # Mapped, so that a header cannot claim more than the file holds.
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if stored.ndim != 3 or stored.dtype.kind not in "fiub":
            raise InputRefusedError(
                f"it holds {_times(stored.shape)} values of {stored.dtype}; numbers of "
                "shape (classes, rows, columns) are needed."
            )
        return _checked(np.array(stored, np.float32))


def _checked(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Clip what rounding pushed out of [0, 1]; refuse anything further."""
    if maps.size == 0:
        raise InputRefusedError("it holds no values.")
    low, high = float(maps.min()), float(maps.max())
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
        raise InputRefusedError(
            f"its values lie between {low:.4g} and {high:.4g}; probabilities lie "
            "between 0 and 1."
        )
    return np.clip(maps, 0, 1)


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in sizes) or "no axes of"
