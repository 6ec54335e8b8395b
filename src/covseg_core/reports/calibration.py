"""The reliability diagram of a model as a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from covseg_core.metrics.scores import ANY_CLASS
from covseg_core.reports.evaluation_plots import COLOURS, GREY, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["draw_reliability", "reliability_picture"]

EDGE = 0.03
BAR = 0.045


def reliability_picture(
    rows: Sequence[Sequence[float]], ece: float, outlined: str = "infected"
) -> bytes:
    """Draw a reliability diagram as PNG; see `draw_reliability`."""
    stream = io.BytesIO()
    FigureCanvasAgg(draw_reliability(rows, ece, outlined)).print_png(stream)
    return stream.getvalue()


def draw_reliability(
    rows: Sequence[Sequence[float]], ece: float, outlined: str = "infected"
) -> Figure:
    """Draw how often voxels were infected over how probable that was told to be.

    Below stand the voxels at each probability, on a logarithmic axis: most of a scan
    is healthy.

    Parameters
    ----------
    rows : sequence of (mean probability, share infected, voxels)
        Of `Reliability.diagram`, or of a card's calibration.
    ece : float
        Expected calibration error, in [0, 1].
    outlined : str
        What the probability is of, such as ``lung``.
    """
    figure = Figure((4.4, 5.0), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    told, true, voxels = zip(*rows, strict=True) if rows else ((), (), ())
    colour = COLOURS[ANY_CLASS]
    upper.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":", label="ideal")
    upper.vlines(told, told, true, color=colour, linewidth=3, alpha=0.5)
    label = f"this model: off by {ece:.1%} on average"
    upper.plot(told, true, "o-", color=colour, linewidth=1.6, markersize=5, label=label)
    upper.set(
        xlim=(-EDGE, 1 + EDGE), ylim=(-EDGE, 1 + EDGE), ylabel=f"truly {outlined}"
    )
    upper.legend(loc="upper left", frameon=False, fontsize=9, labelcolor=GREY)
    lower.bar(told, voxels, width=BAR, color=colour)
    # The smallest bar is still seen.
    lower.set(yscale="log", ylim=(min(voxels, default=2) / 2, None))
    lower.set(ylabel="voxels", xlabel="probability, as told")
    for axis in (upper, lower):
        tidy(axis)
    for shares in (upper.yaxis, lower.xaxis):
        shares.set_major_formatter(PercentFormatter(1, 0))
    return figure
