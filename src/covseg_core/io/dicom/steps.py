"""Measure the step from slice to slice, which must be even and straight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covseg_core.io.dicom.frames import Frame

    Vector = npt.NDArray[np.float64]

__all__ = ["expected_step_mm", "measure_step", "tolerance_mm"]

UNEVEN_MM = 0.101
"""Positions written with one decimal may be off by 0.1 mm from even steps."""
STRAIGHT_RADIANS = 1e-3
"""Less than this is no gantry tilt but rounding: 0.4 mm over a chest."""


def measure_step(
    frames: Sequence[Frame], normal: Vector
) -> tuple[Vector, tuple[str, ...]]:
    """Measure the vector from one slice to the next, from positions alone.

    Parameters
    ----------
    frames : sequence of Frame
        Ascending along `normal`, one per position.
    normal : ndarray of float, shape (3,)
        Unit vector across the slices.

    Returns
    -------
    tuple of (ndarray of float, shape (3,), tuple of str)
        The step in LPS millimetres, and notes.

    Raises
    ------
    GeometryError
        If steps are uneven or not along the normal, or if the thickness of a
        single slice is unknown.
    """
    if len(frames) == 1:
        return _step_of_single_slice(frames[0], normal)
    positions = np.array([frame.position_mm for frame in frames], dtype=np.float64)
    depths = positions @ normal
    _require_even(frames, depths)
    sideways = positions - np.outer(depths, normal)
    _require_in_line(frames, sideways)
    step = (positions[-1] - positions[0]) / (len(frames) - 1)
    along = normal * float(step @ normal)
    if _is_straight(step, along, len(frames)):
        slant = np.linalg.norm(step - along) / np.linalg.norm(along)
        chosen = step if slant <= STRAIGHT_RADIANS else along
        return chosen, tuple(_notes(frames, normal, float(np.linalg.norm(along))))
    raise GeometryError(_tilt(step, along))


def expected_step_mm(depths: Vector) -> float:
    """Usual distance between neighbours of ascending `depths`, in mm."""
    return float(np.percentile(np.diff(depths), 50, method="lower"))


def tolerance_mm(step_mm: float) -> float:
    """How far a slice may lie from its place, in mm."""
    return min(UNEVEN_MM, 0.25 * step_mm)


def _step_of_single_slice(
    frame: Frame, normal: Vector
) -> tuple[Vector, tuple[str, ...]]:
    thickness = frame.thickness_mm
    if thickness is None or not 0 < thickness < 100:
        raise GeometryError(
            f"{frame.name} is a single slice without a Slice Thickness, so its "
            "volume is unknown. Choose a folder with the whole scan."
        )
    note = f"a single slice; its thickness of {thickness:g} mm is from the header"
    return normal * thickness, (note,)


def _require_even(frames: Sequence[Frame], depths: Vector) -> None:
    expected = expected_step_mm(depths)
    allowed = tolerance_mm(expected)
    gaps = np.diff(depths)
    wrong = np.flatnonzero(np.abs(gaps - expected) > allowed)
    if wrong.size:
        raise GeometryError(_gap(frames, depths, wrong, expected))
    even = np.linspace(depths[0], depths[-1], len(depths))
    drift = np.abs(depths - even)
    worst = int(drift.argmax())
    if drift[worst] > allowed:
        raise GeometryError(
            f"slice distances change from {gaps.min():.2f} to {gaps.max():.2f} mm: "
            f"{frames[worst].name} at {depths[worst]:.1f} mm lies {drift[worst]:.1f} "
            "mm from its place in even steps. Export a series with one spacing."
        )


def _gap(
    frames: Sequence[Frame],
    depths: Vector,
    wrong: npt.NDArray[np.intp],
    expected: float,
) -> str:
    gaps = np.diff(depths)
    at = int(wrong[np.abs(gaps[wrong] - expected).argmax()])
    missing = round(float(gaps[at]) / expected) - 1
    if missing > 0 and len(wrong) < len(gaps) / 3:
        cause = f"{missing} slice{'s are' if missing > 1 else ' is'} missing"
    else:
        cause = "the series has more than one spacing"
    more = f" There are {len(wrong) - 1} more such gaps." if len(wrong) > 1 else ""
    return (
        f"gap of {gaps[at]:.1f} mm between {frames[at].name} at {depths[at]:.1f} mm "
        f"and {frames[at + 1].name} at {depths[at + 1]:.1f} mm where {expected:.1f} "
        f"mm is expected: {cause}.{more} Export the whole series again."
    )


def _require_in_line(frames: Sequence[Frame], sideways: Vector) -> None:
    """Refuse a slice that was shifted within its plane; a tilt shifts all alike."""
    shifts = np.diff(sideways, axis=0)
    usual = np.median(shifts, axis=0)
    off = np.linalg.norm(shifts - usual, axis=1)
    worst = int(off.argmax())
    if off[worst] > 2 * UNEVEN_MM:
        raise GeometryError(
            f"{frames[worst + 1].name} lies {off[worst]:.1f} mm sideways from "
            f"{frames[worst].name}: the table or the field of view was moved. "
            "Export a series with one field of view."
        )


def _is_straight(step: Vector, along: Vector, slices: int) -> bool:
    slant_mm = float(np.linalg.norm(step - along))
    rounding = slant_mm * (slices - 1) <= UNEVEN_MM
    return rounding or slant_mm <= STRAIGHT_RADIANS * float(np.linalg.norm(along))


def _tilt(step: Vector, along: Vector) -> str:
    slant_mm, step_mm = np.linalg.norm(step - along), np.linalg.norm(along)
    degrees = np.degrees(np.arctan2(slant_mm, step_mm))
    return (
        f"the gantry was tilted by {degrees:.1f} degrees: each slice is shifted by "
        f"{slant_mm:.2f} mm against the one before, so they make no upright volume. "
        "Use a series that was corrected for the tilt."
    )


def _notes(frames: Sequence[Frame], normal: Vector, step_mm: float) -> Iterator[str]:
    thickness = frames[0].thickness_mm
    if thickness is not None and 0 < thickness < 0.9 * step_mm:
        yield (
            f"slices {thickness:g} mm thick lie {step_mm:.4g} mm apart; "
            "what lies between them was not imaged"
        )
    leaning = np.degrees(np.arccos(min(1.0, float(np.abs(normal).max()))))
    tilt = max(abs(frame.tilt_degrees) for frame in frames)
    if tilt - leaning > 0.5:
        yield (
            f"the header tells of a gantry tilt of {tilt:g} degrees, "
            "but positions and orientation show none; the positions were used"
        )
