from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from covseg_core.reports.severity.page_pixels import pixels_of


def test_a_page_has_the_size_and_colours_that_were_drawn():
    page = Figure(figsize=(2, 3), facecolor="white")
    page.add_axes((0, 0, 0.5, 1), facecolor=(1, 0, 0)).set(xticks=[], yticks=[])
    pixels = pixels_of(page, 50)
    assert (pixels.dtype, pixels.shape) == (np.uint8, (150, 100, 3))
    assert pixels[75, 25].tolist() == [255, 0, 0]
    assert pixels[75, 75].tolist() == [255, 255, 255]


def test_a_page_of_a4_is_drawn_fine_enough_to_be_read():
    assert pixels_of(Figure(figsize=(8.27, 11.69))).shape == (1753, 1240, 3)
