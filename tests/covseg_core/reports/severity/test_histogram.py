from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from covseg_core.reports.severity.histogram import draw_histogram


def curves(density):
    axis = Figure().subplots()
    draw_histogram(axis, density)
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    outlines = [each for each in axis.patches if not each.get_fill()]
    return names, [each.get_data() for each in outlines]


def test_each_curve_encloses_a_hundred_percent(block_report):
    names, found = curves(block_report.density)
    assert names == ["both lungs", "infection"]
    for curve in found:
        assert sum(curve.values) == pytest.approx(100)


def test_the_peak_of_infection_is_at_the_density_of_the_block(block_report):
    _, (lungs, infection) = curves(block_report.density)
    # 500 of 700 infected voxels have -550 HU, healthy lung has -850 HU.
    assert infection.edges[np.argmax(infection.values)] == -550
    assert max(infection.values) == pytest.approx(100 * 500 / 700)
    assert lungs.edges[np.argmax(lungs.values)] == -850


def test_without_infection_there_is_one_curve(block_report):
    names, found = curves(replace(block_report.density, infection=None))
    assert names == ["both lungs"]
    assert len(found) == 1
