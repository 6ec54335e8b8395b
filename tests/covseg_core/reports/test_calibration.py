from __future__ import annotations

import io

from PIL import Image

from covseg_core.reports.calibration import draw_reliability, reliability_picture

ROWS = [[0.01, 0.02, 9000], [0.5, 0.4, 30], [0.95, 0.8, 200]]


def test_the_diagram_shows_each_row_beside_the_ideal():
    upper, lower = draw_reliability(ROWS, 0.047).axes
    ideal, model = upper.lines
    assert ideal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert model.get_xydata().tolist() == [row[:2] for row in ROWS]
    assert [bar.get_height() for bar in lower.patches] == [9000, 30, 200]
    assert lower.get_ylim()[0] < 30


def test_the_error_is_told_in_the_legend():
    upper, _ = draw_reliability(ROWS, 0.047).axes
    texts = [text.get_text() for text in upper.get_legend().get_texts()]
    assert texts == ["ideal", "this model: off by 4.7% on average"]


def test_what_is_outlined_is_named():
    upper, _ = draw_reliability(ROWS, 0.047, "lung").axes
    assert upper.get_ylabel() == "truly lung"


def test_the_picture_is_a_png():
    with Image.open(io.BytesIO(reliability_picture(ROWS, 0.047))) as image:
        assert image.format == "PNG"
        assert min(image.size) > 400


def test_without_a_row_the_ideal_is_drawn_alone():
    upper, lower = draw_reliability([], 0.0).axes
    assert upper.lines[1].get_xydata().size == 0
    assert not lower.patches
