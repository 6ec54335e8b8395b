"""Read all that a reader needs of a case, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases.record import TRUSTED

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["OpenedCase", "OpeningStep", "open_case", "volumes_of_versions"]

_PARTS = 3


@dataclass(frozen=True)
class OpeningStep:
    """How far the reading is.

    Parameters
    ----------
    stage : str
        In plain words, such as ``Reading the scan``.
    done, total : int
        Parts that were read, and parts to read.
    """

    stage: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, eq=False)
class OpenedCase:
    """A case as it was when it was read.

    Parameters
    ----------
    record : CaseRecord
        What is known of it.
    ct : CTVolume
        The scan.
    lungs : LungMask or None
        On the grid of the scan.
    mask : LesionMask or None
        On the grid of the scan; None if the case has none.
    version : MaskVersion or None
        What is known of that mask.
    """

    record: CaseRecord
    ct: CTVolume
    lungs: LungMask | None
    mask: LesionMask | None
    version: MaskVersion | None


def open_case(
    store: CaseReader, case_id: str, number: int | None = None
) -> Generator[OpeningStep, None, OpenedCase]:
    """Read the scan, the lungs and a mask of a case; every hash is checked.

    Parameters
    ----------
    store : CaseReader
        Where the case is.
    case_id : str
        Which case.
    number : int, optional
        Which mask; the newest that a reader answers for if not given, and the
        newest of a model if there is none.

    Yields
    ------
    OpeningStep
        Before every file; stop iterating to stop.

    Raises
    ------
    InputRefusedError
        If there is no such case or mask, or a byte of it was changed.
    """
    record = store.read(case_id)
    version = record.newest(TRUSTED) or record.newest()
    if number is not None:
        version = record.version(number)
    yield OpeningStep("Reading the scan", 0, _PARTS)
    ct = store.ct(case_id)
    yield OpeningStep("Reading the lungs", 1, _PARTS)
    lungs = store.lungs(case_id)
    yield OpeningStep("Reading the mask", 2, _PARTS)
    mask = None if version is None else store.mask(case_id, version.number)
    return OpenedCase(record, ct, lungs, mask, version)


def volumes_of_versions(
    store: CaseReader, case_id: str
) -> Generator[tuple[int, float], None, None]:
    """Measure every mask of a case, the newest first.

    Yields
    ------
    tuple of (int, float)
        Number of the version, and infection in millilitres.  Nothing for pictures,
        whose voxels have no known size.

    Raises
    ------
    InputRefusedError
        If a byte of a mask was changed.
    """
    record = store.read(case_id)
    if record.kind == "images":
        return
    for version in reversed(record.versions):
        mask = store.mask(case_id, version.number)
        infected = int((mask.labels > 0).sum())
        yield version.number, infected * mask.grid.voxel_ml
