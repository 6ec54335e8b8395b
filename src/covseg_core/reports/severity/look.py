"""How the pages and figures of a severity report look."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.patheffects import withStroke

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase
    from matplotlib.text import Text

__all__ = [
    "GREY",
    "INK",
    "ON_PICTURE",
    "PALE",
    "WARNING",
    "inches_of",
    "printable",
    "put_text",
    "wrapped",
]

INK = "#1c2730"
GREY = "#5a6670"
PALE = "#d9dee2"
WARNING = "#9c2f00"
ON_PICTURE: dict[str, Any] = {
    "color": "white",
    "path_effects": [withStroke(linewidth=1.4, foreground="black")],
}
"""Style of what is written on a picture, bright or dark."""
_FONT = "DejaVu Sans"
_UNITS = ("%", "ml", "mm", "HU")
_SIGNS = ("<", "≤", "≥", ">", "±")
_FIRM_SPACE = "\N{NO-BREAK SPACE}"
_UNKNOWN = "\N{WHITE SQUARE}"


def put_text(
    place: Axes | FigureBase, x: float, y: float, words: str, **style: Any
) -> Text:
    """Write words as they are: no formula is made of a dollar sign."""
    look: dict[str, Any] = {"color": INK, "fontsize": 8, "va": "top", "ha": "left"}
    look |= {"family": _FONT} | style
    return place.text(x, y, printable(words), parse_math=False, **look)


def printable(words: str) -> str:
    """Put a white square where the font lacks a sign, and a space for other gaps."""
    known = _signs()
    return "".join(
        sign if ord(sign) in known or sign == "\n" else " " * sign.isspace() or _UNKNOWN
        for sign in words
    )


def inches_of(words: str, points: float, weight: str = "normal") -> float:
    """Measure how wide words are, in their widest line."""
    lines = printable(words).split("\n")
    em = max(sum(_width_in_em(sign, weight) for sign in line) for line in lines)
    return em * points / 72


def wrapped(
    words: str, width: float, points: float, weight: str = "normal"
) -> list[str]:
    """Break words into lines of at most `width` inches.

    Units stay with their numbers, and a line that ends in `words` ends here, too.
    """
    for unit in _UNITS:
        words = words.replace(f" {unit}", f"{_FIRM_SPACE}{unit}")
    for sign in _SIGNS:
        words = words.replace(f"{sign} ", f"{sign}{_FIRM_SPACE}")
    broken = [
        _broken(line, width, points, weight) for line in words.splitlines() or [""]
    ]
    return [line for lines in broken for line in lines]


def _broken(words: str, width: float, points: float, weight: str) -> list[str]:
    lines = [""]
    for word in printable(words).split(" "):
        for piece in _pieces(word, width, points, weight):
            longer = f"{lines[-1]} {piece}".strip()
            if inches_of(longer, points, weight) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines if lines[0] or len(lines) == 1 else lines[1:]


def _pieces(word: str, width: float, points: float, weight: str) -> list[str]:
    if inches_of(word, points, weight) <= width:
        return [word]
    fit = max(1, int(len(word) * width / inches_of(word, points, weight) * 0.9))
    return [word[start : start + fit] for start in range(0, len(word), fit)]


@cache
def _width_in_em(sign: str, weight: str) -> float:
    # Measured large, so that hinting does not round it; in 1/65536 of a pixel.
    font = _font(weight)
    font.set_size(100, 72)
    return float(font.load_char(ord(sign)).linearHoriAdvance) / 65536 / 100


@cache
def _signs() -> frozenset[int]:
    return frozenset(_font("normal").get_charmap())


@cache
def _font(weight: str) -> FT2Font:
    properties = font_manager.FontProperties(family=_FONT, weight=weight)
    return FT2Font(font_manager.findfont(properties))
