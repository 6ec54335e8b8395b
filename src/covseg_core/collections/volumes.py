"""Read masks that are NIfTI volumes, and put them on the grid of their scan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from covseg_core.io.nifti import read_nifti_labels
from covseg_core.labels import LabelClass, LabelSet
from covseg_core.transforms.orient import Orientation, standardise_mask
from covseg_core.volume import LabelVolume, LesionMask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from covseg_core.volume import CTVolume

__all__ = ["mapped", "on_grid", "read_values"]

_Mask = TypeVar("_Mask", bound=LabelVolume)
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


def on_grid(mask: _Mask, ct: CTVolume) -> _Mask:
    """Store a mask in the order of its scan's voxels, where only that differs.

    Raises
    ------
    GeometryError
        If it does not lie on the scan.
    """
    turn = Orientation(ct.grid)
    standard = standardise_mask(mask)
    if standard.grid.matches(turn.standard_grid):
        labels = np.ascontiguousarray(turn.undo(standard.labels))
        return replace(mask, labels=labels, grid=ct.grid)
    mask.require_on(ct)
    return mask
