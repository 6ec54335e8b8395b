from __future__ import annotations

import pytest

from napari_covseg.widgets._curves import CurvePlot


@pytest.fixture
def plot(qtbot):
    made = CurvePlot("Loss")
    qtbot.addWidget(made)
    made.resize(300, 112)
    return made


def test_newest_value_stands_above_the_plot(plot):
    assert plot.caption == "Loss: none yet"
    plot.show_curve([(1, 0.9), (2, 0.45678)], 10)
    assert plot.caption == "Loss: 0.457"
    assert plot.toolTip().endswith("epoch 1: 0.900\nepoch 2: 0.457")
    assert plot.accessibleDescription() == plot.caption


def test_values_that_are_no_numbers_are_left_out(plot):
    plot.show_curve([(1, float("nan")), (2, 0.5)], 2)
    assert plot.caption == "Loss: 0.500"
    assert "nan" not in plot.toolTip()


@pytest.mark.parametrize("curve", [[], [(1, 0.0)], [(1, 5.0), (2, 1e-6), (3, 70.0)]])
def test_any_curve_is_drawn(plot, curve):
    plot.show_curve(curve, 3)
    before = plot.grab().toImage()
    plot.show_curve([*curve, (4, 2.0)], 8)
    assert plot.grab().toImage() != before
