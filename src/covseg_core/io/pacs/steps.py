"""How far a transfer is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PacsStep"]


@dataclass(frozen=True)
class PacsStep:
    """One step of a transfer.

    Parameters
    ----------
    stage : str
        What is being done.
    done, total : int
        How many files of how many.
    """

    stage: str
    done: int
    total: int
