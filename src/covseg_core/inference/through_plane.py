"""Average a network's answers with those of the slices above and below.

A network that sees one slice at a time takes a vessel or the dome of the diaphragm for
infection in one slice and not in the next.  Infection goes on through many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Answered", "average_through_plane", "reach_of", "widened", "within"]

Answered: TypeAlias = tuple[slice, npt.NDArray[np.float32]]
"""Some slices of a scan, and the answer (N, C, H, W) about them."""

REACH = 2.0
"""Standard deviations; what lies farther away has no say."""


def reach_of(sigma: float) -> int:
    """Tell how many slices above and below have a say; `sigma` is in slices."""
    return int(REACH * sigma)


def widened(slices: slice, reach: int, whole: slice) -> slice:
    """Add the neighbours of a range of slices, unless there is nothing in it."""
    if slices.start == slices.stop:
        return slices
    start, stop = slices.start - reach, slices.stop + reach
    return slice(max(start, whole.start), min(stop, whole.stop))


def within(slices: slice, answers: Iterable[Answered]) -> Iterator[Answered]:
    """Keep of each answer what is about a range of slices, perhaps nothing."""
    for chunk, answer in answers:
        start = min(max(chunk.start, slices.start), slices.stop)
        stop = max(min(chunk.stop, slices.stop), start)
        first = start - chunk.start
        kept = answer[first : first + stop - start] if start < stop else answer[:0]
        yield slice(start, stop), kept


def average_through_plane(
    answers: Iterable[Answered], sigma: float
) -> Iterator[Answered]:
    """Weigh the slices around each slice by a Gaussian of their distance.

    Parameters
    ----------
    answers : iterable of Answered
        Of one window of a scan, slice after slice without a gap.
    sigma : float
        Standard deviation in slices; 0 gives the answers as they are.

    Yields
    ------
    Answered
        One for each that comes in, about what is known by then, perhaps no slice, and
        one about the rest.  At the ends of the scan the slices that there are share
        the whole weight.
    """
    reach = reach_of(sigma)
    start, told, held = 0, 0, None
    for chunk, answer in answers:
        if held is None:
            start, told, held = chunk.start, chunk.start, answer
        else:
            held = np.concatenate((held, answer))
        ready = slice(told, max(chunk.stop - reach, told))
        yield ready, _mean(held, start, ready, sigma)
        told = ready.stop
        first = max(told - reach, start)
        start, held = first, held[first - start :]
    if held is not None and told < start + len(held):
        rest = slice(told, start + len(held))
        yield rest, _mean(held, start, rest, sigma)


def _mean(
    held: npt.NDArray[np.float32], start: int, wanted: slice, sigma: float
) -> npt.NDArray[np.float32]:
    """Average what is held, whose first slice is `start`, for the slices wanted."""
    reach = reach_of(sigma)
    if not reach:
        return held[wanted.start - start : wanted.stop - start]
    there = np.arange(start, start + len(held))
    apart = there - np.arange(wanted.start, wanted.stop)[:, None]
    weights = np.exp(-0.5 * (apart / sigma) ** 2) * (abs(apart) <= reach)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.tensordot(weights.astype(np.float32), held, axes=1)
