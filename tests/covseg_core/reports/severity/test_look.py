from __future__ import annotations

import pytest

from covseg_core.reports.severity.look import inches_of, printable, wrapped

WORDS = "In the lower third, near the surface, 12.5 % of 240 ml are infected."


@pytest.mark.parametrize("width", [0.6, 1.0, 3.0, 20.0])
def test_lines_are_no_wider_than_the_column_and_lose_no_word(width):
    lines = wrapped(WORDS, width, 8)
    assert all(inches_of(line, 8) <= width for line in lines)
    joined = " ".join(lines).replace("\N{NO-BREAK SPACE}", " ")
    assert joined == WORDS


def test_units_stay_with_their_numbers():
    lines = wrapped("one 12 % two 34 ml three ≤ 5 %", 0.6, 8)
    assert not any(line.startswith(("%", "ml")) for line in lines)
    assert not any(line.endswith("≤") for line in lines)


def test_a_word_wider_than_the_column_is_broken():
    lines = wrapped("ab" * 40, 1.0, 8)
    assert len(lines) > 1
    assert "".join(lines) == "ab" * 40
    assert all(inches_of(line, 8) <= 1.0 for line in lines)


def test_widths_grow_with_size_and_weight():
    assert inches_of("lung", 16) == pytest.approx(2 * inches_of("lung", 8))
    assert inches_of("lung", 8, "bold") > inches_of("lung", 8)


def test_signs_that_the_font_lacks_become_squares():
    assert printable("a\t肺b") == "a \N{WHITE SQUARE}b"


def test_a_line_that_ends_in_the_words_ends_on_the_page():
    assert wrapped("one\ntwo\r\n\nthree", 3, 8) == ["one", "two", "", "three"]


def test_words_of_two_lines_are_as_wide_as_the_wider_one():
    assert inches_of("lung\nlungs", 8) == inches_of("lungs", 8)
