"""What a store has to learn from, counted without reading a voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases.record import TRUSTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covseg_core.cases.record import CaseRecord

__all__ = ["Stock", "stock_of"]


@dataclass(frozen=True)
class Stock:
    """Finished cases with a mask that a person answers for.

    Parameters
    ----------
    train, validation, held_out : int
        By split.
    """

    train: int = 0
    validation: int = 0
    held_out: int = 0

    @property
    def sentence(self) -> str:
        """What a training would do with them."""
        if not self.train:
            return (
                "There is no finished case to learn from yet. Correct the mask of a "
                "scan and add it; of five patients, three are learnt from."
            )
        told = f"{_cases(self.train)} to learn from"
        if self.validation:
            told += f", {self.validation} to choose the best weights"
        if self.held_out:
            return f"{told}, {self.held_out} held out to judge the new model."
        return f"{told}, none held out: the new model cannot be judged by itself."


def stock_of(records: Iterable[CaseRecord]) -> Stock:
    """Count the cases that a training takes."""
    splits = [
        record.split
        for record in records
        if record.state == "done" and record.newest(TRUSTED) is not None
    ]
    return Stock(*(splits.count(each) for each in ("train", "validation", "held-out")))


def _cases(number: int) -> str:
    return "1 finished case" if number == 1 else f"{number} finished cases"
