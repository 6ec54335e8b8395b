"""A pixel is marked if and only if its centre lies within an odd number of lines."""

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.io.contours import trace


def filled(lines, shape):
    """Count lines around each pixel centre by rays to the right, one by one."""
    inside = np.zeros(shape, bool)
    for row in range(shape[0]):
        for column in range(shape[1]):
            crossings = 0
            for line in lines:
                for (r0, c0), (r1, c1) in zip(line, np.roll(line, -1, 0), strict=True):
                    if (r0 > row) != (r1 > row):
                        where = c0 + (row - r0) * (c1 - c0) / (r1 - r0)
                        crossings += where > column
            inside[row, column] = crossings % 2
    return inside


def drawn(text):
    return np.array([[letter == "#" for letter in line] for line in text.split()])


@pytest.mark.parametrize(
    "text",
    [
        "#",
        "... .#. ...",
        "#### #### ####",
        "##### #...# #.#.# #...# #####",
        "#.. .#. ..#",
        ".#. ### .#.",
        "##. #.. .##",
    ],
    ids=["one", "middle", "block", "ring", "diagonal", "cross", "corner"],
)
def test_lines_enclose_just_the_marked_pixels(text):
    marked = drawn(text)
    assert np.array_equal(filled(trace(marked), marked.shape), marked)


def test_random_pixels_come_back():
    marked = np.random.default_rng(4).random((24, 31)) < 0.45
    assert np.array_equal(filled(trace(marked), marked.shape), marked)


def test_a_block_needs_eight_corners_only():
    (line,) = trace(np.ones((50, 70), bool))
    assert len(line) == 8
    assert line.min(axis=0).tolist() == [-0.5, -0.5]
    assert line.max(axis=0).tolist() == [49.5, 69.5]


def test_a_hole_is_a_line_of_its_own():
    marked = np.ones((9, 9), bool)
    marked[3:6, 3:6] = False
    assert len(trace(marked)) == 2


def test_nothing_marked_makes_no_line():
    assert trace(np.zeros((5, 5), bool)) == []
