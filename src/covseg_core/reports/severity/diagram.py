"""Draw the lungs as a scheme whose regions are coloured by their points."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path as Outline

from covseg_core.reports.severity.look import GREY, INK, put_text
from covseg_core.severity.regions import Rung

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from covseg_core.severity.regions import Side
    from covseg_core.severity.scoring import RegionPoints, ScoreResult

    Point: TypeAlias = tuple[float, float]
    Cell: TypeAlias = tuple[Point, Point, Point, Point]

__all__ = ["colour_of_points", "draw_diagram"]

_SHADES = colormaps["YlOrBr"]
_DARKEST = 0.72
_HEALTHY = (1.0, 1.0, 1.0, 1.0)
_DARK = 0.42
"""Letters on a colour with less green are white."""
_SPLIT = 0.5, 0.62
"""Where back and front meet, below and above."""
_GAP = 0.18
_TOP, _BOTTOM = 1.0, 0.09
_LEGEND = "points and infected share; hatched: not scorable"
# Of a lung whose outer wall is at 0 and whose inner one is at 1.
_OUTLINE = (
    ((0.62, 1.0),),
    ((0.28, 1.0), (0.05, 0.62), (0.01, 0.05)),
    ((0.25, 0.13), (0.65, 0.16), (0.97, 0.10)),
    ((1.0, 0.40), (0.90, 0.55), (0.92, 0.76)),
    ((0.92, 0.93), (0.82, 1.0), (0.62, 1.0)),
)
_FISSURES = {"right": ((0.63, 0.67), (0.42, 0.37)), "left": ((0.46, 0.56),)}
"""Heights of the fissures at the outer and the inner wall, from above."""


def draw_diagram(axis: Axes, result: ScoreResult) -> None:
    """Draw lobes, zones or the 20 regions with points and infected share.

    Seen from the front, so that the patient's right lung stands left.  What cannot
    be scored is hatched.

    Parameters
    ----------
    axis : Axes
        Empty.
    result : ScoreResult
        A score of regions that each belong to one lung.
    """
    for side in ("right", "left"):
        regions = [one for one in result.regions if one.region.side == side]
        _draw_lung(axis, side, regions, result)
    axis.set_xlim(-0.06, 2 + _GAP + 0.06)
    axis.set_ylim(-0.27, 1.12)
    axis.set_aspect(1.7)
    axis.set_axis_off()
    middle = 1 + _GAP / 2
    total = f"{result.total} of {result.maximum}"
    if result.total is None:
        total = "not scorable"
    title = f"{result.definition.title}: {total}"
    put_text(axis, middle, 1.12, title, ha="center", weight="bold", fontsize=8.5)
    for y, words in ((0.01, str(result.rung)), (-0.06, _LEGEND)):
        put_text(axis, middle, y, words, ha="center", color=GREY, fontsize=5.6)
    _draw_scale(axis, result.definition.most_points)


def colour_of_points(
    points: int | None, most: int
) -> tuple[float, float, float, float]:
    """Give the colour of a region: white without points, darker with more."""
    if not points:
        return _HEALTHY
    red, green, blue, alpha = _SHADES(_DARKEST * (0.25 + 0.75 * points / most))
    return red, green, blue, alpha


def _draw_lung(
    axis: Axes, side: Side, regions: Sequence[RegionPoints], result: ScoreResult
) -> None:
    outline = PathPatch(_outline(side), fill=False, edgecolor=INK, linewidth=1.1)
    axis.add_patch(outline)
    most = result.definition.most_points
    for one, cell in zip(regions, _cells(result.rung, side, len(regions)), strict=True):
        patch = Polygon(
            [_placed(side, point) for point in cell],
            facecolor=colour_of_points(one.points, most),
            edgecolor=GREY,
            linewidth=0.5,
            hatch="////" if one.points is None else None,
            label=one.region.key,
        )
        axis.add_patch(patch)
        patch.set_clip_path(outline)
        _label(axis, side, one, cell, most)
    letter = "R" if side == "right" else "L"
    x, _ = _placed(side, (0.14, 0.0))
    put_text(axis, x, 1.02, letter, ha="center", weight="bold")
    if result.rung == Rung.REGIONS20:
        for name, where in (("back", 0.30), ("front", 0.76)):
            x, _ = _placed(side, (where, 0.0))
            put_text(axis, x, 0.075, name, ha="center", color=GREY, fontsize=6)


def _label(axis: Axes, side: Side, one: RegionPoints, cell: Cell, most: int) -> None:
    if one.points is None:
        return
    (left, _), (right, _), *_ = cell
    narrow = right - left < 1
    x, y = _placed(side, _middle(cell))
    between = "\n" if narrow else " · "
    put_text(
        axis,
        x,
        y,
        f"{one.points}{between}{_percent(one.percent)}",
        ha="center",
        va="center",
        color="white" if colour_of_points(one.points, most)[1] < _DARK else INK,
        fontsize=4.8 if narrow else 6.2,
        linespacing=0.95,
        multialignment="center",
        gid=one.region.key,
    )


def _percent(percent: float | None) -> str:
    if percent is None:
        return "–"
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.1f} %"


def _middle(cell: Cell) -> Point:
    """Find the centroid of what the lung leaves of a cell, on its outer left."""
    across, up = np.meshgrid(np.linspace(0, 1, 81), np.linspace(0, 1, 81))
    points = np.column_stack((across.ravel(), up.ravel()))
    inside = _outline("right").contains_points(points)
    inside &= Outline(cell).contains_points(points)
    x, y = points[inside].mean(axis=0)
    return float(x), float(y)


def _cells(rung: Rung, side: Side, count: int) -> list[Cell]:
    """Give the four corners of each region: outer, inner, inner, outer; from above."""
    columns = 2 if rung == Rung.REGIONS20 else 1
    rows = count // columns
    if rung == Rung.LOBES:
        edges = ((_TOP, _TOP), *_FISSURES[side], (0.0, 0.0))
    else:
        levels = [*np.linspace(_TOP, _BOTTOM, rows + 1).tolist()[:-1], 0.0]
        edges = tuple((level, level) for level in levels)
    sides = [(0.0, 0.0, 1.0, 1.0)]
    if columns == 2:
        # In front comes first, and is drawn next to the heart.
        sides = [(*_SPLIT, 1.0, 1.0), (0.0, 0.0, *_SPLIT)]
    return [
        _cell(above, below, walls)
        for above, below in pairwise(edges)
        for walls in sides
    ]


def _cell(above: Point, below: Point, walls: tuple[float, ...]) -> Cell:
    """Give the corners between two heights; walls lean as the lung's middle does."""
    outer_low, outer_high, inner_low, inner_high = walls
    outer, inner = (
        lambda y: outer_low + (outer_high - outer_low) * y,
        lambda y: inner_low + (inner_high - inner_low) * y,
    )
    (top_outer, top_inner), (low_outer, low_inner) = above, below
    return (
        (outer(low_outer), low_outer),
        (inner(low_inner), low_inner),
        (inner(top_inner), top_inner),
        (outer(top_outer), top_outer),
    )


def _outline(side: Side) -> Outline:
    points = [_placed(side, point) for part in _OUTLINE for point in part]
    codes = [Outline.MOVETO] + [Outline.CURVE4] * (len(points) - 1)
    return Outline(points, codes)


def _placed(side: Side, point: Point) -> Point:
    """Put the right lung left, the left one mirrored beside it."""
    x, y = point
    return (x, y) if side == "right" else (2 + _GAP - x, y)


def _draw_scale(axis: Axes, most: int) -> None:
    width = 0.16
    start = 1 + _GAP / 2 - width * (most + 1) / 2
    for points in range(most + 1):
        left = start + points * width
        corners = [(left, -0.19), (left + width, -0.19)]
        corners += [(left + width, -0.14), (left, -0.14)]
        colour = colour_of_points(points, most)
        axis.add_patch(
            Polygon(corners, facecolor=colour, edgecolor=GREY, linewidth=0.4)
        )
        put_text(
            axis,
            left + width / 2,
            -0.2,
            str(points),
            ha="center",
            fontsize=6,
        )
