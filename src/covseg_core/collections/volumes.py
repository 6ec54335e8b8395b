"""Read masks that are NIfTI volumes, and give their values a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.io.nifti import read_nifti_labels
from covseg_core.labels import LabelClass, LabelSet
from covseg_core.volume import LabelVolume, LesionMask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["mapped", "read_values"]

_NO_COLOUR = (0.0, 0.0, 0.0)


def read_values(path: Path, values: tuple[int, ...]) -> LabelVolume:
    """Read a mask whose voxels hold 0 and `values`.

    Raises
    ------
    InputRefusedError
        If it is damaged or holds other values.
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    classes = tuple(LabelClass(one, str(one), str(one), _NO_COLOUR) for one in values)
    return read_nifti_labels(path, LabelSet("this collection", classes))


def mapped(
    mask: LabelVolume, labels: Mapping[int, int], label_set: LabelSet
) -> LesionMask:
    """Give the values of a mask their meaning; those not in `labels` are background."""
    table: npt.NDArray[np.uint8] = np.zeros(256, np.uint8)
    for value, label in labels.items():
        table[value] = label
    return LesionMask(table[mask.labels], mask.grid, label_set, mask.source)
