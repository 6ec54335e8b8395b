"""A table of a report on severity, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTHING", "Table"]

NOTHING = "–"
"""Where a value is undefined."""


@dataclass(frozen=True)
class Table:
    """A table as it is shown.

    Parameters
    ----------
    key : str
        Name, such as ``by_lung``.
    title : str
        Above the table.
    head : tuple of str
        Names of the columns; the first one names the rows.
    rows : tuple of tuple of str
        As many words as the head has.
    note : str
        Below the table, empty if there is nothing to say.
    words : tuple of int
        Columns that hold words rather than numbers, besides the first.
    """

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: tuple[int, ...] = ()
