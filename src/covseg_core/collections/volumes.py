"""Read masks that are NIfTI volumes, and give their values a meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.io.nifti import read_nifti_labels
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import LABEL_SETS, UNKNOWN_CLASS, LabelClass, LabelSet
from covseg_core.volume import LabelVolume, LesionMask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from covseg_core.volume import Grid

__all__ = ["mapped", "of_known_class", "read_lesions_on", "read_values"]

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


def read_lesions_on(grid: Grid, path: Path, label_set: str) -> LesionMask:
    """Read a mask of infection and turn it onto the grid of its scan.

    255 means infected, of no known class; where there is one class it is that one.

    Raises
    ------
    InputRefusedError
        If it is damaged or holds other values.
    GeometryError
        If it does not lie on the voxels of the scan.
    """
    labels = LABEL_SETS[label_set]
    read = read_nifti_labels(path, labels, allow_unknown=True)
    mask = LesionMask(read.labels, read.grid, labels, read.source)
    return of_known_class(turned_onto(mask, grid))


def of_known_class(mask: LesionMask) -> LesionMask:
    """Where there is one class, take what is of no known class for it."""
    if mask.is_multi:
        return mask
    known = np.where(mask.labels == UNKNOWN_CLASS, np.uint8(1), mask.labels)
    return replace(mask, labels=known)
