"""Order slices along their normal and find the grid they lie on, or refuse.

Only (0020,0032) *Image Position (Patient)* and (0020,0037) *Image Orientation
(Patient)* count.  File names, instance numbers, slice locations, (0018,0088)
*Spacing Between Slices* and the tilt in the header are wrong too often.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import GeometryError
from covseg_core.io.dicom.alike import require_alike
from covseg_core.io.dicom.steps import measure_step
from covseg_core.volume import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.io.dicom.frames import Frame

    Vector = npt.NDArray[np.float64]

__all__ = ["Stack", "stack_slices"]

TWIN_MM = 0.05
"""Slices closer than this lie at the same place."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in order, and the grid they make.

    Parameters
    ----------
    frames : tuple of Frame
        One per position, ascending along the slice normal.
    grid : Grid
        Where the voxels lie.
    twins : tuple of (Frame, int)
        Slices at a position that is taken already, with the index of the one
        that took it.
    notes : tuple of str
        What a careful reader should know.
    """

    frames: tuple[Frame, ...]
    grid: Grid
    twins: tuple[tuple[Frame, int], ...]
    notes: tuple[str, ...]


def stack_slices(frames: Sequence[Frame]) -> Stack:
    """Order the slices of one series and measure their grid.

    Parameters
    ----------
    frames : sequence of Frame
        At least one slice, in any order, without localizers.

    Raises
    ------
    GeometryError
        If the slices differ in size, orientation or spacing, lack a position,
        are unevenly spaced, or lie askew because the gantry was tilted.
    """
    require_alike(frames)
    row, column = _directions(frames[0])
    normal = np.cross(row, column)
    order = sorted(frames, key=lambda frame: float(normal @ _position(frame)))
    kept, twins = _set_twins_apart(order, normal)
    _require_one_acquisition(kept)
    step, notes = measure_step(kept, normal)
    between_rows, between_columns = kept[0].pixel_spacing_mm or (0.0, 0.0)
    affine = np.eye(4)
    affine[:3, :] = np.column_stack(
        (row * between_columns, column * between_rows, step, _position(kept[0]))
    )
    shape = (len(kept), kept[0].rows, kept[0].columns)
    return Stack(tuple(kept), Grid(shape, affine), tuple(twins), tuple(notes))


def _directions(frame: Frame) -> tuple[Vector, Vector]:
    """Compute the unit vectors along a row and down a column."""
    cosines = np.array(frame.orientation, dtype=np.float64)
    row, column = cosines[:3], cosines[3:]
    return row / np.linalg.norm(row), column / np.linalg.norm(column)


def _position(frame: Frame) -> Vector:
    return np.array(frame.position_mm, dtype=np.float64)


def _set_twins_apart(
    order: Sequence[Frame], normal: Vector
) -> tuple[list[Frame], list[tuple[Frame, int]]]:
    """Keep the first slice of each position; the others must show the same."""
    kept: list[Frame] = []
    twins: list[tuple[Frame, int]] = []
    for frame in order:
        if kept and _depth_between(kept[-1], frame, normal) < TWIN_MM:
            _require_same_moment_and_place(kept[-1], frame, normal)
            twins.append((frame, len(kept) - 1))
        else:
            kept.append(frame)
    return kept, twins


def _require_one_acquisition(order: Sequence[Frame]) -> None:
    """Refuse two scans whose slices alternate, which look like one fine scan."""
    numbers = [frame.acquisition for frame in order if frame.acquisition is not None]
    changes = sum(below != above for below, above in pairwise(numbers))
    if len(order) >= 3 * len(set(numbers)) and changes > len(order) / 2:
        raise GeometryError(
            f"slices of {len(set(numbers))} acquisitions alternate, such as "
            f"{order[0].name} and {order[1].name}: the series holds two scans. "
            "Export each as a series of its own."
        )


def _depth_between(lower: Frame, upper: Frame, normal: Vector) -> float:
    return float(normal @ (_position(upper) - _position(lower)))


def _require_same_moment_and_place(first: Frame, second: Frame, normal: Vector) -> None:
    pair = f"{first.name} and {second.name}"
    height = float(normal @ _position(first))
    if first.time_point != second.time_point:
        raise GeometryError(
            f"{pair} show {height:.1f} mm at two points in time: a perfusion or gated "
            "scan. Export one time point as a series of its own."
        )
    apart = float(np.linalg.norm(_position(second) - _position(first)))
    if apart > TWIN_MM:
        raise GeometryError(
            f"{pair} both lie at {height:.1f} mm along the slice normal but "
            f"{apart:.1f} mm beside each other. Keep one of the two scans."
        )
