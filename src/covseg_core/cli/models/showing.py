"""A model card as lines for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from covseg_core.registry.card_words import calibration_in_words, reliability_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.registry.card import ModelCard

__all__ = ["card_lines"]

WIDTH = 88
KEY = 18
INNER_KEY = 40
MOST_ITEMS = 8
NOTHING = "-"


def card_lines(card: ModelCard) -> Iterator[str]:
    """Write every field of a card; long lists are counted, as JSON has them whole."""
    for key, value in card.model_dump(mode="json").items():
        if key == "calibration" and value:
            yield from _calibration(value)
        elif isinstance(value, dict) and value:
            yield key
            yield from _inner(value, 2)
        elif isinstance(value, list) and value:
            yield from _sentences(key, value)
        else:
            yield from _wrapped(key, _plain(value))


def _calibration(told: dict[str, Any]) -> Iterator[str]:
    yield from _wrapped("calibration", calibration_in_words(told))
    for row in reliability_table(told):
        yield " " * KEY + "".join(f"{cell:>18}" for cell in row)


def _inner(told: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in told.items():
        if isinstance(value, dict) and value:
            yield f"{'':{indent}}{key}"
            yield from _inner(value, indent + 2)
        else:
            yield f"{'':{indent}}{key:{INNER_KEY - indent}}{_plain(value)}"


def _sentences(key: str, sentences: list[str]) -> Iterator[str]:
    head = f"{key:{KEY}}- "
    for sentence in sentences:
        yield from _fill(sentence, head, " " * (KEY + 2))
        head = " " * KEY + "- "


def _wrapped(key: str, text: str) -> Iterator[str]:
    yield from _fill(text, f"{key:{KEY}}", " " * KEY)


def _fill(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and len(value) > MOST_ITEMS:
        return f"{len(value)} of them; --json lists them"
    return NOTHING if value in (None, "", [], {}) else str(value)
