"""Which slice a reader should look at next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["most_uncertain", "next_unchecked"]


def next_unchecked(checked: Collection[int], shown: int, total: int) -> int | None:
    """Give the first slice above the shown one that is not checked.

    Parameters
    ----------
    checked : collection of int
        Numbers of the slices that were checked, from 0.
    shown : int
        The slice on screen.
    total : int
        How many slices there are; after the highest one the lowest follows.

    Returns
    -------
    int or None
        None if no other slice is left.
    """
    others = ((shown + step) % total for step in range(1, total))
    return next((number for number in others if number not in checked), None)


def most_uncertain(
    doubt: Sequence[float | None], checked: Collection[int]
) -> int | None:
    """Give the unchecked slice of which a model was least sure.

    Parameters
    ----------
    doubt : sequence of float or None
        For each slice how unsure the model was; None where it did not look.
    checked : collection of int
        Numbers of the slices that were checked, from 0.

    Returns
    -------
    int or None
        None if no slice is left; of equal ones the lowest.
    """
    left = {
        number: amount
        for number, amount in enumerate(doubt)
        if amount is not None and number not in checked
    }
    return max(left, key=lambda number: left[number]) if left else None
