"""What a reader may choose of each tool."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationInfo, field_validator

from covseg_core.settings import Settings, setting

__all__ = [
    "CopySlice",
    "FillBetween",
    "FillHoles",
    "GrowOrShrink",
    "PaintLimits",
    "RemoveIslands",
    "Smooth",
]


class FillBetween(Settings):
    """How to fill the slices between two that were painted."""

    gaps: Literal["around this slice", "everywhere"] = setting(
        "around this slice",
        "Fill only the gap that the shown slice lies in, or every gap of this class.",
    )
    longest_mm: float = setting(
        20.0,
        "Painted slices farther apart than this are not joined.",
        unit="mm",
        low=0.5,
        high=200,
    )


class RemoveIslands(Settings):
    """How to remove small islands."""

    smaller_than_ml: float = setting(
        0.1,
        "Islands of this class below this volume are removed.",
        unit="ml",
        low=0.001,
        high=100,
    )


class FillHoles(Settings):
    """How to fill holes."""

    smaller_than_ml: float = setting(
        0.5,
        "Holes below this volume are filled; larger ones may be healthy lung.",
        unit="ml",
        low=0.001,
        high=100,
    )
    holes: Literal["in each slice", "in 3-D"] = setting(
        "in each slice",
        "A hole in a slice is enclosed there; a hole in 3-D from all sides.",
    )


class Smooth(Settings):
    """How to smooth an outline."""

    radius_mm: float = setting(
        1.5,
        "Bumps and dents smaller than this are evened out.",
        unit="mm",
        low=0.1,
        high=20,
    )


class GrowOrShrink(Settings):
    """How to move an outline."""

    move_outline: Literal["outwards", "inwards"] = setting(
        "outwards", "Grow the class over background, or shrink it."
    )
    by_mm: float = setting(
        1.0, "How far the outline moves.", unit="mm", low=0.1, high=30
    )


class CopySlice(Settings):
    """How to copy the mask of a neighbouring slice."""

    source: Literal["slice below", "slice above"] = setting(
        "slice below", "Where to copy from; above is nearer to the head."
    )
    classes: Literal["this class", "all classes"] = setting(
        "this class", "What to copy."
    )
    replace: bool = setting(
        False,
        "Remove first what this slice has of it; otherwise only what is free is "
        "painted.",
    )


class PaintLimits(Settings):
    """What the tools of the hand must leave alone."""

    protect_other_classes: bool = setting(
        False,
        "Painting leaves the other classes as they are, and erasing takes away the "
        "chosen class only.",
    )
    only_in_lungs: bool = setting(False, "Paint nothing outside of the lungs.")
    only_at_density: bool = setting(
        False, "Paint only where the CT is between the two densities below."
    )
    lowest_density: float = setting(
        -900.0, "Darker voxels are not painted.", unit="HU", low=-1024, high=3071
    )
    highest_density: float = setting(
        150.0, "Brighter voxels are not painted.", unit="HU", low=-1024, high=3071
    )

    @field_validator("highest_density")
    @classmethod
    def _above_the_lowest(cls, highest: float, info: ValidationInfo) -> float:
        lowest = info.data.get("lowest_density")
        if lowest is not None and highest < lowest:
            raise ValueError(f"must be at least the lowest, {lowest:g} HU")
        return highest
