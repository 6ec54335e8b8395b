"""Set headings, paragraphs and tables in columns of a printed page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from matplotlib.lines import Line2D

from covseg_core.reports.severity.look import (
    GREY,
    INK,
    PALE,
    inches_of,
    put_text,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from covseg_core.reports.severity.table import Table

__all__ = [
    "A4",
    "FACT_POINTS",
    "GUTTER",
    "NAMES",
    "Block",
    "FactsBlock",
    "Heading",
    "Page",
    "Paragraph",
    "TableBlock",
]

A4 = 8.27, 11.69
GUTTER = 0.3
"""Inches between two columns."""
NAMES = 1.25
"""Inches for the name of a fact, before its value."""
FACT_POINTS = 7.0
_LEADING = 1.32
_ABOVE_FACTS, _BELOW_FACTS = 0.06, 0.05
_CELL_GAP = 0.1
_ROW_GAP = 0.05


@dataclass(frozen=True, eq=False)
class Page:
    """A sheet of A4 that is written on in inches from its upper left corner."""

    figure: Figure

    def write(self, x: float, y: float, words: str, **style: object) -> None:
        """Write a line."""
        put_text(self.figure, x / A4[0], 1 - y / A4[1], words, **style)

    def rule(self, x: float, y: float, width: float, colour: str = PALE) -> None:
        """Draw a horizontal line."""
        across = [x / A4[0], (x + width) / A4[0]]
        up = [1 - y / A4[1]] * 2
        self.figure.add_artist(Line2D(across, up, color=colour, lw=0.6))


class Block(Protocol):
    """Something that is set in a column."""

    def height(self, width: float) -> float:
        """Tell how many inches it needs in a column of so many inches."""

    def draw(self, page: Page, x: float, y: float, width: float) -> None:
        """Set it with its upper left corner at (x, y)."""


@dataclass(frozen=True)
class Heading:
    """A heading and the room above it."""

    words: str
    points: float = 8.5

    def height(self, width: float) -> float:
        """See `Block`."""
        del width
        return 0.11 + _line(self.points)

    def draw(self, page: Page, x: float, y: float, width: float) -> None:
        """See `Block`."""
        page.write(x, y + 0.09, self.words, fontsize=self.points, weight="bold")


@dataclass(frozen=True)
class Paragraph:
    """Words that are broken into lines."""

    words: str
    points: float = 7
    colour: str = INK
    weight: str = "normal"

    def height(self, width: float) -> float:
        """See `Block`."""
        return len(self._lines(width)) * _line(self.points) + 0.03

    def draw(self, page: Page, x: float, y: float, width: float) -> None:
        """See `Block`."""
        for number, line in enumerate(self._lines(width)):
            page.write(
                x,
                y + number * _line(self.points),
                line,
                fontsize=self.points,
                color=self.colour,
                weight=self.weight,
            )

    def _lines(self, width: float) -> list[str]:
        return wrapped(self.words, width, self.points, self.weight)


@dataclass(frozen=True)
class FactsBlock:
    """Names in grey before their values, in two columns."""

    facts: tuple[tuple[str, str], ...]

    def height(self, width: float) -> float:
        """See `Block`."""
        heights = (self._part_height(part, width) for part in self._parts())
        return _ABOVE_FACTS + max(heights) + _BELOW_FACTS

    def draw(self, page: Page, x: float, y: float, width: float) -> None:
        """See `Block`."""
        for part in self._parts():
            self._draw_part(page, (x, y + _ABOVE_FACTS), part, width)
            x += (width + GUTTER) / 2

    def _parts(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        half = (len(self.facts) + 1) // 2
        return self.facts[:half], self.facts[half:]

    def _part_height(self, part: Sequence[tuple[str, str]], width: float) -> float:
        room = _room_for_values(width)
        return sum(Paragraph(value, FACT_POINTS).height(room) for _, value in part)

    def _draw_part(
        self,
        page: Page,
        corner: tuple[float, float],
        part: Sequence[tuple[str, str]],
        width: float,
    ) -> None:
        x, y = corner
        room = _room_for_values(width)
        for name, value in part:
            words = Paragraph(value, FACT_POINTS)
            page.write(x, y, name, fontsize=FACT_POINTS, color=GREY)
            words.draw(page, x + NAMES, y, room)
            y += words.height(room)


def _room_for_values(width: float) -> float:
    return (width - GUTTER) / 2 - NAMES


@dataclass(frozen=True)
class TableBlock:
    """A table with its title and note."""

    table: Table
    points: float = 6.8

    def height(self, width: float) -> float:
        """See `Block`."""
        rows = sum(self._row_height(row) for row in self._rows(width))
        return rows + sum(block.height(width) for block in self._around()) + 0.04

    def draw(self, page: Page, x: float, y: float, width: float) -> None:
        """See `Block`."""
        title, *notes = self._around()
        title.draw(page, x, y, width)
        y += title.height(width)
        widths = self._widths(width)
        for number, row in enumerate(self._rows(width)):
            self._draw_row(page, (x, y), widths, row, is_head=number == 0)
            y += self._row_height(row)
            page.rule(x, y - 0.8 * _ROW_GAP, width, GREY if number == 0 else PALE)
        for note in notes:
            note.draw(page, x, y + 0.02, width)

    def _around(self) -> list[Block]:
        note = self.table.note
        notes: list[Block] = [Paragraph(note, self.points - 0.8, GREY)] if note else []
        return [Heading(self.table.title), *notes]

    def _draw_row(
        self,
        page: Page,
        corner: tuple[float, float],
        widths: Sequence[float],
        row: Sequence[list[str]],
        *,
        is_head: bool,
    ) -> None:
        x, y = corner
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            to_left = column == 0 or column in self.table.words
            for number, line in enumerate(cell):
                page.write(
                    x if to_left else x + width,
                    y + number * _line(self.points),
                    line,
                    ha="left" if to_left else "right",
                    fontsize=self.points,
                    color=GREY if is_head else INK,
                )
            x += width + _CELL_GAP

    def _rows(self, width: float) -> list[list[list[str]]]:
        """Break every cell into lines, the head's too."""
        widths = self._widths(width)
        return [
            [
                wrapped(cell, room, self.points)
                for cell, room in zip(row, widths, strict=True)
            ]
            for row in (self.table.head, *self.table.rows)
        ]

    def _row_height(self, row: Sequence[list[str]]) -> float:
        return max(map(len, row)) * _line(self.points) + _ROW_GAP

    def _widths(self, width: float) -> list[float]:
        """Give short columns what they need; the long ones share what is left."""
        wanted, fewest = self._needs()
        left = width - _CELL_GAP * (len(wanted) - 1)
        given = [0.0] * len(wanted)
        order = sorted(range(len(wanted)), key=lambda column: wanted[column])
        for done, column in enumerate(order):
            later = sum(fewest[other] for other in order[done + 1 :])
            share = max(left / (len(order) - done), fewest[column])
            given[column] = min(wanted[column], share, max(left - later, 0.1))
            left -= given[column]
        # What nobody needs goes to the first column, so that numbers end at the edge.
        given[0] += max(left, 0.0)
        return given

    def _needs(self) -> tuple[list[float], list[float]]:
        """Measure the longest cell, and the longest word, of each column."""
        wanted, fewest = [], []
        for column in zip(self.table.head, *self.table.rows, strict=True):
            wanted.append(max(inches_of(cell, self.points) for cell in column) + 0.01)
            words = " ".join(column).split()
            longest = max((inches_of(word, self.points) for word in words), default=0)
            fewest.append(longest + 0.01)
        return wanted, fewest


def _line(points: float) -> float:
    return points * _LEADING / 72
