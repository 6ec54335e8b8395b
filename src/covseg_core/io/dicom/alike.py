"""Refuse a series whose slices are not of one kind, naming the odd one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import GeometryError
from covseg_core.io.dicom.frames import some_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covseg_core.io.dicom.frames import Frame

__all__ = ["are_alike", "require_alike"]

SPACING_TOLERANCE = 5e-4
"""Relative; 0.2 mm over the width of a chest."""
DIRECTION_TOLERANCE = 1e-3
"""Of a direction cosine; 0.4 mm over the width of a chest."""
FARTHEST_MM = 1e5
"""A position beyond is a damaged number."""


def require_alike(frames: Sequence[Frame]) -> None:
    """Check that slices can be stacked: size, position, orientation, spacing.

    Raises
    ------
    GeometryError
        Names the slice that lacks something or differs from most others.
    """
    _require_no_perfusion(frames)
    _require_all(frames, "position", _has_position)
    _require_all(frames, "orientation", _has_orientation)
    _require_all(frames, "Pixel Spacing", _has_spacing)
    _require_one_matrix(frames)
    _require_one_reference(frames)
    _require_close(
        frames,
        "a Pixel Spacing of",
        " mm",
        np.array([frame.pixel_spacing_mm for frame in frames]),
        SPACING_TOLERANCE,
    )
    _require_close(
        frames,
        "an orientation of",
        "",
        np.array([frame.orientation for frame in frames]),
        DIRECTION_TOLERANCE,
    )


def are_alike(first: Frame, second: Frame) -> bool:
    """Whether two slices could belong to one stack."""
    try:
        require_alike((first, second))
    except GeometryError:
        return False
    return True


def _require_no_perfusion(frames: Sequence[Frame]) -> None:
    perfusion = [frame.name for frame in frames if frame.is_perfusion]
    if perfusion:
        raise GeometryError(
            f"{some_names(perfusion)} is of a perfusion scan, whose values are not "
            "those of a chest CT. Choose a plain CT series."
        )


def _require_all(
    frames: Sequence[Frame], what: str, has: Callable[[Frame], bool]
) -> None:
    without = [frame.name for frame in frames if not has(frame)]
    if without:
        raise GeometryError(
            f"{len(without)} of {len(frames)} slices have no usable {what}: "
            f"{some_names(without)}. Export the series again with full headers."
        )


def _has_position(frame: Frame) -> bool:
    return frame.position_mm is not None and (
        max(map(abs, frame.position_mm)) < FARTHEST_MM
    )


def _has_orientation(frame: Frame) -> bool:
    """Two unit vectors at a right angle."""
    if frame.orientation is None:
        return False
    axes = np.reshape(frame.orientation, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() < 1e-2) and bool(
        abs(axes[0] @ axes[1]) < DIRECTION_TOLERANCE
    )


def _has_spacing(frame: Frame) -> bool:
    spacing = frame.pixel_spacing_mm
    return spacing is not None and all(1e-3 < step < 100 for step in spacing)


def _require_one_matrix(frames: Sequence[Frame]) -> None:
    usual = Counter((f.rows, f.columns) for f in frames).most_common(1)[0][0]
    for frame in frames:
        if (frame.rows, frame.columns) != usual:
            raise GeometryError(
                f"{frame.name} has {frame.rows} x {frame.columns} pixels where most "
                f"slices have {usual[0]} x {usual[1]}. Export a series of one size."
            )


def _require_one_reference(frames: Sequence[Frame]) -> None:
    references = {frame.reference_uid for frame in frames} - {""}
    if len(references) > 1:
        raise GeometryError(
            f"the slices have {len(references)} frames of reference, so their "
            "positions cannot be compared. Keep one scan in the folder."
        )


def _require_close(
    frames: Sequence[Frame],
    what: str,
    unit: str,
    values: npt.NDArray[np.float64],
    tolerance: float,
) -> None:
    """Compare each row of `values` with the median of all."""
    usual = np.percentile(values, 50, axis=0, method="lower")
    scale = np.maximum(np.abs(usual), 1.0) if not unit else np.abs(usual)
    off = (np.abs(values - usual) / scale).max(axis=1)
    worst = int(off.argmax())
    if off[worst] > tolerance:
        raise GeometryError(
            f"{frames[worst].name} has {what} {_listed(values[worst])}{unit} where "
            f"most slices have {_listed(usual)}{unit}. Export a series that is alike."
        )


def _listed(values: npt.NDArray[np.float64]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
