"""Windpipe and main bronchi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.texture import paint
from covseg_core.phantom.tubes import Segment, tube_coverage

if TYPE_CHECKING:
    from covseg_core.phantom.shapes import Field, World

__all__ = ["HILA_MM", "paint_airways"]

HILA_MM = {
    "right": np.array([-40.0, 6.0, -14.0]),
    "left": np.array([42.0, 8.0, -8.0]),
}
"""Where vessels and airways enter each lung."""

_LUMEN_HU, _WALL_HU = -990.0, 20.0
_FORK_MM = np.array([1.0, 20.0, 10.0])
_THROAT_MM = np.array([1.0, 4.0, 125.0])


def paint_airways(hu: Field, world: World) -> None:
    """Paint windpipe and main bronchi into `hu` in place."""
    tubes = [
        Segment(_FORK_MM, _THROAT_MM, 8.5),
        Segment(_FORK_MM, HILA_MM["right"], 6.5),
        Segment(_FORK_MM, HILA_MM["left"], 5.8),
    ]
    paint(hu, _WALL_HU, tube_coverage(tubes, world, wall_mm=1.6))
    paint(hu, _LUMEN_HU, tube_coverage(tubes, world))
