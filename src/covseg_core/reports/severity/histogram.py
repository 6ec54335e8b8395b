"""Draw how dense the lungs and the infection are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import INFECTION, LUNGS
from covseg_core.reports.severity.look import GREY, INK, PALE, put_text
from covseg_core.severity.density import BANDS, HISTOGRAM_EDGES_HU

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from covseg_core.severity.density import Density, HuSpread

__all__ = ["draw_histogram"]

_LUNG = LUNGS.classes[0].colour
_INFECTED = INFECTION.classes[0].colour


def draw_histogram(axis: Axes, density: Density) -> None:
    """Draw the share of voxels by HU, of both lungs and of the infection in them.

    Each curve encloses 100 %, whatever its volume.  Dotted lines are the edges of
    the bands of density.

    Parameters
    ----------
    axis : Axes
        Empty.
    density : Density
        Of a scan in HU.
    """
    _draw(axis, density.lungs, "both lungs", _LUNG)
    if density.infection is not None:
        _draw(axis, density.infection, "infection", _INFECTED)
    for band in BANDS:
        if band.low_hu is not None:
            axis.axvline(band.low_hu, color=GREY, lw=0.5, ls=":")
    axis.set_xlim(HISTOGRAM_EDGES_HU[0], HISTOGRAM_EDGES_HU[-1])
    axis.set_ylim(bottom=0)
    axis.set_xlabel(
        "Hounsfield units; dotted: edges of the bands", fontsize=7, color=INK
    )
    axis.set_ylabel("% of voxels", fontsize=7, color=INK)
    axis.tick_params(labelsize=6.5, colors=GREY, length=2)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(PALE)
    axis.legend(
        fontsize=6.5,
        frameon=False,
        labelcolor=INK,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.97),
        ncols=2,
    )
    put_text(
        axis,
        0.5,
        1.13,
        "Density",
        transform=axis.transAxes,
        ha="center",
        weight="bold",
        fontsize=8.5,
    )


def _draw(
    axis: Axes, spread: HuSpread, name: str, colour: tuple[float, float, float]
) -> None:
    shares = 100.0 * np.array(spread.histogram) / spread.voxels
    axis.stairs(shares, HISTOGRAM_EDGES_HU, fill=True, color=colour, alpha=0.35)
    axis.stairs(shares, HISTOGRAM_EDGES_HU, color=colour, lw=1, label=name)
