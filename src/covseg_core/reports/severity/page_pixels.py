"""Pages of a report as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.figure import Figure

__all__ = ["pixels_of"]

_DOTS_PER_INCH = 150
"""A page of A4 fills a screen of 1754 rows and can be read on a smaller one."""


def pixels_of(
    page: Figure, dots_per_inch: int = _DOTS_PER_INCH
) -> npt.NDArray[np.uint8]:
    """Draw a page without a window.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
        Red, green and blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    page.set_dpi(dots_per_inch)
    canvas = FigureCanvasAgg(page)
    canvas.draw()
    return np.array(np.asarray(canvas.buffer_rgba())[..., :3])
