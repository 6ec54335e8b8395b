"""The pictures of a report on severity, for a page and as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from covseg_core.reports.severity.diagram import draw_diagram
from covseg_core.reports.severity.histogram import draw_histogram
from covseg_core.reports.severity.planes import draw_planes

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

    from covseg_core.reports.severity.facts import SeverityCase
    from covseg_core.severity.report import SeverityReport

__all__ = ["draw_charts", "png_of_charts", "png_of_planes"]

_DRAWN = ("pan_25", "ct_ss")
_DPI = 150


def draw_charts(figure: FigureBase, report: SeverityReport) -> None:
    """Draw the regions coloured by their points and, of a scan in HU, its density.

    Parameters
    ----------
    figure : FigureBase
        Empty; a part of a page, or a figure of its own.
    report : SeverityReport
        What was measured.
    """
    scores = [one for one in map(report.score, _DRAWN) if one is not None]
    count = len(scores) + (report.density is not None)
    axes = figure.subplots(
        1,
        count,
        squeeze=False,
        gridspec_kw={
            "left": 0.0,
            "right": 0.99,
            "bottom": 0.13,
            "top": 0.9,
            "wspace": 0.12,
        },
    )[0]
    for axis, score in zip(axes, scores, strict=False):
        draw_diagram(axis, score)
    if report.density is not None:
        draw_histogram(axes[-1], report.density)


def png_of_planes(case: SeverityCase) -> bytes:
    """Draw the most affected place in three planes; see `draw_planes`."""
    figure = Figure((7.4, 6.4), dpi=_DPI)
    draw_planes(figure, case.ct, case.lesions, case.lungs)
    return _png(figure)


def png_of_charts(report: SeverityReport) -> bytes:
    """Draw `draw_charts` as a picture."""
    figure = Figure((7.4, 2.9), dpi=_DPI)
    draw_charts(figure, report)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()
