"""The tools that change a whole class, each with what may be chosen of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.editing.between import fill_between
from covseg_core.editing.change import Change
from covseg_core.editing.config import (
    CopySlice,
    FillBetween,
    FillHoles,
    GrowOrShrink,
    RemoveIslands,
    Smooth,
)
from covseg_core.editing.islands import fill_holes, remove_islands
from covseg_core.editing.neighbours import copy_slice
from covseg_core.editing.regions import relabel_region
from covseg_core.editing.shape import grow, shrink, smooth
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = [
    "ADDED",
    "CHANGED",
    "COPY_FROM_SLICE",
    "FILL_BETWEEN",
    "REMOVED",
    "TOOLS",
    "Proposal",
    "Spot",
    "Tool",
    "lesion_tool",
    "propose",
]

ADDED, REMOVED, CHANGED = 1, 2, 3
"""What a `Proposal` would do to a voxel; it changes one class into another."""


@dataclass(frozen=True, eq=False)
class Spot:
    """What a tool works on.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        The mask, slices from foot to head.
    spacing_mm_zyx : tuple of float
        Distance of voxel centres along each axis, in mm.
    value : int
        The chosen class.
    slice_number : int
        The slice on screen, from 0.
    """

    labels: npt.NDArray[np.uint8]
    spacing_mm_zyx: tuple[float, float, float]
    value: int
    slice_number: int

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel, in millilitres."""
        return prod(self.spacing_mm_zyx) / 1000.0


@dataclass(frozen=True)
class Tool:
    """One tool.

    Parameters
    ----------
    title : str
        Its name for the reader, and of the step that can be undone.
    help : str
        What it does, in a sentence.
    settings : type of Settings
        What may be chosen.
    run : callable
        Makes a new mask, (Z, Y, X), of a `Spot` and the settings.
    """

    title: str
    help: str
    settings: type[Settings]
    run: Callable[[Spot, Any], npt.NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Proposal:
    """What a tool would make of a mask.

    Parameters
    ----------
    change : Change or None
        The edit; None if nothing would change.
    difference : ndarray of uint8
        What would happen to each voxel of the edit's box: `ADDED`, `REMOVED`,
        `CHANGED` or 0.
    added_ml, removed_ml, changed_ml : float
        Volumes of these.
    slices : tuple of int
        Numbers of the slices that would change, from 0.
    """

    change: Change | None
    difference: npt.NDArray[np.uint8]
    added_ml: float
    removed_ml: float
    changed_ml: float
    slices: tuple[int, ...]

    @property
    def summary(self) -> str:
        """What would happen, in a sentence for the reader."""
        if not self.slices:
            return "Nothing would change here."
        volumes = (
            ("adds", self.added_ml),
            ("removes", self.removed_ml),
            ("changes the class of", self.changed_ml),
        )
        parts = [f"{verb} {volume:.3g} ml" for verb, volume in volumes if volume]
        first, last = self.slices[0] + 1, self.slices[-1] + 1
        where = f"slice {first}"
        if first != last:
            where = f"{len(self.slices)} slices, {first} to {last}"
        return f"{', '.join(parts).capitalize()} on {where}."


def propose(tool: Tool, spot: Spot, settings: Settings) -> Proposal:
    """Run a tool and compare what it makes with what there is.

    Raises
    ------
    UsageError
        If the tool can do nothing here.
    """
    labels = tool.run(spot, settings)
    change = Change.between(tool.title, spot.labels, labels)
    if change is None:
        return Proposal(None, np.zeros((0, 0, 0), np.uint8), 0.0, 0.0, 0.0, ())
    difference = _difference(spot.labels[change.box], labels[change.box])
    counts = np.bincount(difference.ravel(), minlength=CHANGED + 1) * spot.voxel_ml
    touched = np.flatnonzero(difference.any(axis=(1, 2))) + change.box[0].start
    return Proposal(
        change,
        difference,
        float(counts[ADDED]),
        float(counts[REMOVED]),
        float(counts[CHANGED]),
        tuple(int(number) for number in touched),
    )


def _difference(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    difference = np.where(before != after, np.uint8(CHANGED), np.uint8(0))
    difference[(before == 0) & (after != 0)] = ADDED
    difference[(before != 0) & (after == 0)] = REMOVED
    return difference


def _fill_between(spot: Spot, settings: FillBetween) -> npt.NDArray[np.uint8]:
    around = spot.slice_number if settings.gaps == "around this slice" else None
    return fill_between(
        spot.labels, spot.value, spot.spacing_mm_zyx, settings.longest_mm, around
    )


def _remove_islands(spot: Spot, settings: RemoveIslands) -> npt.NDArray[np.uint8]:
    return remove_islands(
        spot.labels, spot.value, settings.smaller_than_ml, spot.voxel_ml
    )


def _fill_holes(spot: Spot, settings: FillHoles) -> npt.NDArray[np.uint8]:
    return fill_holes(
        spot.labels,
        spot.value,
        settings.smaller_than_ml,
        spot.voxel_ml,
        in_each_slice=settings.holes == "in each slice",
    )


def _smooth(spot: Spot, settings: Smooth) -> npt.NDArray[np.uint8]:
    return smooth(spot.labels, spot.value, settings.radius_mm, spot.spacing_mm_zyx)


def _grow_or_shrink(spot: Spot, settings: GrowOrShrink) -> npt.NDArray[np.uint8]:
    move = grow if settings.move_outline == "outwards" else shrink
    return move(spot.labels, spot.value, settings.by_mm, spot.spacing_mm_zyx)


def _copy_slice(spot: Spot, settings: CopySlice) -> npt.NDArray[np.uint8]:
    step = -1 if settings.source == "slice below" else 1
    return copy_slice(
        spot.labels,
        spot.slice_number,
        spot.slice_number + step,
        spot.value if settings.classes == "this class" else None,
        replace=settings.replace,
    )


FILL_BETWEEN = Tool(
    "Fill between slices",
    "Paint a lesion on some slices and fill those between them.",
    FillBetween,
    _fill_between,
)
COPY_FROM_SLICE = Tool(
    "Copy from a slice",
    "Paint on this slice what its neighbour has.",
    CopySlice,
    _copy_slice,
)
TOOLS = (
    FILL_BETWEEN,
    COPY_FROM_SLICE,
    Tool(
        "Remove islands",
        "Erase what is too small to be a lesion.",
        RemoveIslands,
        _remove_islands,
    ),
    Tool("Fill holes", "Paint small gaps within lesions.", FillHoles, _fill_holes),
    Tool("Smooth", "Even out a ragged outline.", Smooth, _smooth),
    Tool(
        "Grow or shrink",
        "Move the outline outwards, over background only, or inwards.",
        GrowOrShrink,
        _grow_or_shrink,
    ),
)
"""In the order in which a reader meets them."""


def lesion_tool(voxel_zyx: tuple[int, int, int], value: int, *, in_slice: bool) -> Tool:
    """Make the tool that gives the lesion at a voxel another class, or erases it.

    Parameters
    ----------
    voxel_zyx : tuple of int
        Slice, row and column, from 0.
    value : int
        The new class; 0 erases.
    in_slice : bool
        Whether only the part in the slice of the voxel changes.
    """

    def run(spot: Spot, settings: Settings) -> npt.NDArray[np.uint8]:
        return relabel_region(spot.labels, voxel_zyx, value, in_slice=in_slice)

    title = "Change lesion" if value else "Erase lesion"
    return Tool(title, "Change one connected lesion.", Settings, run)
