"""Run a generator of the core for its result alone, without watching its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["result_of"]

_Result = TypeVar("_Result")


def result_of(steps: Generator[Any, None, _Result]) -> _Result:
    """Run a generator to its end and hand on what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: _Result = stop.value
            return result
