"""Find slices that one series lacks and another series of the folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.io.dicom.alike import are_alike
from covseg_core.io.dicom.steps import expected_step_mm, tolerance_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.io.dicom.frames import Frame

__all__ = ["slices_elsewhere"]

TOUCHING = 0.9
"""Slices at least this thick, as a share of their step, leave nothing between them."""


def slices_elsewhere(frames: Sequence[Frame], others: Sequence[Frame]) -> str:
    """Say which other series fills gaps of this one, or goes on where it ends.

    Parameters
    ----------
    frames : sequence of Frame
        Slices of one series, in any order.
    others : sequence of Frame
        Slices of all other series.

    Returns
    -------
    str
        One sentence, empty when there is nothing to tell.
    """
    first = frames[0]
    normal = first.normal
    if normal is None or not are_alike(first, first):
        return ""
    alike = [frame for frame in others if are_alike(first, frame)]
    depths = _depths([f for f in frames if are_alike(first, f)], normal)
    for uid in dict.fromkeys(frame.series_uid for frame in alike):
        candidates = [frame for frame in alike if frame.series_uid == uid]
        at = _depth_that_fits(
            depths, _depths(candidates, normal), first.thickness_mm or 0.0
        )
        if at is not None:
            return (
                f"series {uid} holds a slice at {at:.1f} mm that series "
                f"{first.series_uid} lacks; the scan may have been split in two."
            )
    return ""


def _depths(
    frames: Sequence[Frame], normal: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.sort(np.array([f.position_mm for f in frames]) @ normal)


def _depth_that_fits(
    depths: npt.NDArray[np.float64],
    candidates: npt.NDArray[np.float64],
    thickness_mm: float,
) -> float | None:
    """Find the first candidate on a free place on or between even steps of `depths`.

    Between slices that touch one another nothing is free: what lies there is another
    reconstruction.
    """
    if len(depths) < 2 or not len(candidates):
        return None
    step = expected_step_mm(depths)
    if thickness_mm < TOUCHING * step and _alternate(depths, candidates):
        return float(candidates[0])
    if step <= 0:
        return None
    overlap = (candidates[-1] > depths[0]) and (candidates[0] < depths[-1])
    for depth in candidates:
        places = (depth - depths[0]) / step
        fits = abs(places - round(places)) * step < tolerance_mm(step)
        free = np.abs(depths - depth).min() > 0.5 * step
        inside = depths[0] < depth < depths[-1]
        next_to = min(abs(depth - depths[0]), abs(depth - depths[-1])) < 1.5 * step
        if fits and free and (inside or (next_to and not overlap)):
            return float(depth)
    return None


def _alternate(
    depths: npt.NDArray[np.float64], candidates: npt.NDArray[np.float64]
) -> bool:
    """Whether slices of two series take turns in even steps, all the way."""
    both = np.concatenate([depths, candidates])
    order = both.argsort()
    is_first, steps = order < len(depths), np.diff(both[order])
    takes_turns = (is_first[1:] != is_first[:-1]).all()
    return bool(takes_turns and np.ptp(steps) < tolerance_mm(float(steps.mean())))
