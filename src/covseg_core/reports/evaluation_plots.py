"""Pictures of an evaluation: the spread of each measure, Dice by threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from covseg_core.io.atomic import write_atomically
from covseg_core.labels import INFECTION, LESIONS
from covseg_core.metrics.curves import THRESHOLDS
from covseg_core.metrics.scores import ANY_CLASS, MEASURES, THRESHOLD
from covseg_core.metrics.summary import targets_of
from covseg_core.reports.evaluation_text import MEASURE_TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from covseg_core.metrics.summary import CaseScores

__all__ = ["draw_measures", "draw_thresholds", "tidy", "write_figure"]

SKY = (0.337, 0.706, 0.914)
COLOURS = {ANY_CLASS: SKY} | {label.key: label.colour for label in LESIONS.classes}
TITLES = {label.key: label.title for label in (*INFECTION.classes, *LESIONS.classes)}
IN_MM = "hd95_mm"
BETTER_LOW = ("mae", IN_MM)
GREY = "0.35"
FEWEST_IN_A_BOX = 3


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises
    ------
    OutputError
        If it could not be written.
    """
    canvas = FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: canvas.print_png(str(temporary)))


def draw_measures(cases: Sequence[CaseScores], protocol: str) -> Figure:
    """Draw a box and the single cases for each measure and target.

    One or two cases are dots without a box; distances have an axis of their own.
    """
    targets = targets_of(cases)
    spreads = {
        measure: [_defined(cases, target, measure) for target in targets]
        for measure in MEASURES[protocol]
    }
    shown = {key: spread for key, spread in spreads.items() if any(map(len, spread))}
    shares = [key for key in shown if key != IN_MM]
    parts = [shares, [IN_MM]] if IN_MM in shown else [shares]
    figure = Figure(_width_and_height(shown), dpi=130, layout="constrained")
    axes = figure.subplots(
        1, len(parts), squeeze=False, width_ratios=[len(part) for part in parts]
    )[0]
    for axis, part in zip(axes, parts, strict=True):
        _draw_boxes(axis, [(key, shown[key]) for key in part], targets)
    axes[0].set_ylim(-0.02, 1.02)
    if len(parts) > 1:
        axes[1].set_ylabel("mm", color=GREY)
        axes[1].set_ylim(bottom=0)
    handles = [Patch(color=COLOURS[key], label=TITLES[key]) for key in targets]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
    )
    return figure


def draw_thresholds(
    curves: Mapping[str, Sequence[npt.NDArray[np.float64]]],
) -> Figure:
    """Draw Dice over the threshold, each case thin and the mean thick.

    Parameters
    ----------
    curves : mapping of str to sequence of ndarray, shape (256,)
        For each target the curve of each case, at `curves.THRESHOLDS`.
    """
    figure = Figure((6.4, 4.2), dpi=130, layout="constrained")
    axis = figure.subplots()
    for target, each in curves.items():
        colour, mean = COLOURS[target], np.mean(each, axis=0)
        for curve in each:
            axis.plot(THRESHOLDS, curve, color=colour, linewidth=0.6, alpha=0.4)
        best = int(mean.argmax())
        label = f"{TITLES[target]}: best {mean[best]:.3f} at {THRESHOLDS[best]:.2f}"
        axis.plot(THRESHOLDS, mean, color=colour, linewidth=2.4, label=label)
        axis.plot(THRESHOLDS[best], mean[best], "o", color=colour, markersize=6)
    axis.axvline(THRESHOLD, color="0.6", linewidth=0.8, linestyle=":")
    axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="threshold", ylabel="Dice")
    tidy(axis)
    figure.legend(
        loc="outside lower center", ncols=1, frameon=False, fontsize=9, labelcolor=GREY
    )
    return figure


def _width_and_height(shown: Mapping[str, Any]) -> tuple[float, float]:
    return max(5.0, 1.3 * len(shown) + 0.8), 4.0


def _defined(cases: Sequence[CaseScores], target: str, measure: str) -> list[float]:
    values = [case.scores.get(target, {}).get(measure, math.nan) for case in cases]
    return [value for value in values if not math.isnan(value)]


def _draw_boxes(
    axis: Axes,
    spreads: Sequence[tuple[str, list[list[float]]]],
    targets: Sequence[str],
) -> None:
    width = 0.8 / len(targets)
    noise = np.random.default_rng(0)
    for number, (_, spread) in enumerate(spreads):
        for place, (target, values) in enumerate(zip(targets, spread, strict=True)):
            if not values:
                continue
            x = number + (place - (len(targets) - 1) / 2) * width
            if len(values) < FEWEST_IN_A_BOX:
                axis.plot([x] * len(values), values, "o", color=COLOURS[target])
                continue
            _draw_box(axis, values, x, 0.72 * width, COLOURS[target])
            shaken = x + noise.uniform(-0.2, 0.2, len(values)) * width
            axis.plot(shaken, values, ".", color=GREY, markersize=3, alpha=0.7)
    names = [
        MEASURE_TITLES[key] + ("\nlower is better" if key in BETTER_LOW else "")
        for key, _ in spreads
    ]
    axis.set_xticks(range(len(spreads)), names)
    axis.set_xlim(-0.55, len(spreads) - 0.45)
    tidy(axis)


def _draw_box(
    axis: Axes, values: list[float], x: float, width: float, colour: Any
) -> None:
    axis.boxplot(
        [values],
        positions=[x],
        widths=width,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": (*colour, 0.45), "edgecolor": colour},
        medianprops={"color": "black", "linewidth": 1.4},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )


def tidy(axis: Axes) -> None:
    """Take away what a plot can do without."""
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=9, colors=GREY)
    axis.yaxis.grid(visible=True, color="0.9", linewidth=0.8)
    axis.set_axisbelow(True)
