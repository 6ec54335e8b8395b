from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import OutputError
from covseg_core.metrics.curves import THRESHOLDS
from covseg_core.metrics.summary import CaseScores
from covseg_core.reports.evaluation_plots import (
    draw_measures,
    draw_thresholds,
    write_figure,
)


def cases(count, **measures):
    return [
        CaseScores(str(number), "p", {"infection": dict(measures)})
        for number in range(count)
    ]


def ticks(axis):
    return [label.get_text().split("\n")[0] for label in axis.get_xticklabels()]


def test_only_measures_that_are_there_have_a_box():
    figure = draw_measures(cases(4, dice=0.5, mae=0.1), "standard")
    (axis,) = figure.axes
    assert ticks(axis) == ["Dice", "MAE"]
    assert len(axis.patches) == 2


def test_distances_have_an_axis_of_their_own_in_mm():
    figure = draw_measures(cases(4, dice=0.5, hd95_mm=12.0), "standard")
    shares, distances = figure.axes
    assert ticks(distances) == ["HD95 mm"]
    assert distances.get_ylabel() == "mm"
    assert shares.get_ylim()[1] < 1.1


def test_one_or_two_cases_are_dots_without_a_box():
    (axis,) = draw_measures(cases(2, dice=0.5), "standard").axes
    assert not axis.patches
    assert axis.lines[0].get_ydata().tolist() == [0.5, 0.5]


def test_undefined_values_are_not_drawn():
    some = [*cases(3, dice=0.5), *cases(1, dice=float("nan"))]
    (axis,) = draw_measures(some, "standard").axes
    points = [line for line in axis.lines if line.get_marker() == "."]
    assert len(points[0].get_ydata()) == 3


def test_the_best_threshold_of_the_mean_curve_is_told():
    peak = 1 - np.abs(THRESHOLDS - 0.6)
    figure = draw_thresholds({"infection": [peak, peak - 0.2]})
    (text,) = figure.legends[0].get_texts()
    assert text.get_text() == "Infection: best 0.900 at 0.60"
    # Two thin curves, their mean, its best point, and the line at 0.5.
    assert len(figure.axes[0].lines) == 5


def test_a_figure_is_written_as_png_or_not_at_all(tmp_path):
    figure = draw_measures(cases(3, dice=0.5), "standard")
    write_figure(tmp_path / "a.png", figure)
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
    with pytest.raises(OutputError, match=r"a\.png could not be written"):
        write_figure(tmp_path / "no" / "a.png", figure)
