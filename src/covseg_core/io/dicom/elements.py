"""Read single elements of a DICOM header that may be wrong in any way."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "all_numbers",
    "first_number",
    "integer",
    "items",
    "numbers",
    "quiet",
    "strings",
    "text",
    "words",
]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the remarks of pydicom; what matters of them becomes a note of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def text(header: Dataset, keyword: str) -> str:
    """Value of an element as one stripped string, empty if there is none."""
    value = _value(header, keyword)
    return "" if value is None else str(value).strip("\0 ")


def strings(header: Dataset, keyword: str) -> tuple[str, ...]:
    """Values of an element as stripped strings."""
    return tuple(str(value).strip("\0 ") for value in _values(header, keyword))


def words(header: Dataset, keyword: str) -> tuple[str, ...]:
    """Values of an element in capitals, such as those of (0008,0008) *Image Type*."""
    return tuple(value.upper() for value in strings(header, keyword))


def numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Exactly `count` finite numbers, or None."""
    found = _finite(_values(header, keyword))
    return found if found is not None and len(found) == count else None


def all_numbers(header: Dataset, keyword: str) -> tuple[float, ...]:
    """Values of an element; none if one of them is no finite number."""
    return _finite(_values(header, keyword)) or ()


def first_number(header: Dataset, keyword: str) -> float | None:
    """First value of an element as a finite number, or None."""
    found = _finite(_values(header, keyword)[:1])
    return found[0] if found else None


def integer(header: Dataset, keyword: str) -> int | None:
    """First value of an element as a whole number, or None."""
    number = first_number(header, keyword)
    return int(number) if number is not None and number == int(number) else None


def items(header: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Items of a sequence, none if it is missing."""
    return tuple(v for v in _values(header, keyword) if isinstance(v, Dataset))


def _finite(values: Sequence[Any]) -> tuple[float, ...] | None:
    try:
        found = tuple(float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if all(map(math.isfinite, found)) else None


def _values(header: Dataset, keyword: str) -> tuple[Any, ...]:
    value = _value(header, keyword)
    if value is None:
        return ()
    many = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return tuple(value) if many else (value,)


def _value(header: Dataset, keyword: str) -> Any:
    try:
        return header.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom raises many classes on a bad value
        return None
