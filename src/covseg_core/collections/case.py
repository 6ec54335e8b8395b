"""One case of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from covseg_core.cases.record import MaskSource, Split
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["CollectedCase", "ListedCase"]


@dataclass(frozen=True, eq=False)
class CollectedCase:
    """A scan of a collection with what its authors give for it.

    Parameters
    ----------
    case_id : str or None
        Made of the collection's public name of the scan; None for files whose names
        may say who the patient is.
    patient : str
        What tells one patient from another; to be hashed, and put in no message.
    ct : CTVolume
        The scan, or a slice with its own small grid.
    lesions : LesionMask, optional
        On the grid of the scan; empty where the authors found no infection.
    lungs : LungMask, optional
        On the grid of the scan.
    split : {"train", "validation", "held-out"}, optional
        Where the authors put it.
    note : str
        What a careful reader should know.
    source : {"manual", "edited", "model"}
        Who made the mask.
    model : str, optional
        Which model made it.
    """

    case_id: str | None
    patient: str
    ct: CTVolume
    lesions: LesionMask | None = None
    lungs: LungMask | None = None
    split: Split | None = None
    note: str = ""
    source: MaskSource = "manual"
    model: str | None = None


@dataclass(frozen=True)
class ListedCase:
    """A case that was found and not read yet.

    Parameters
    ----------
    name : str
        Name for messages: the case's id, or its number among your own files.
    load : callable
        Reads it.
    """

    name: str
    load: Callable[[], CollectedCase]
