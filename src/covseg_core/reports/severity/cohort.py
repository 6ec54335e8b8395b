"""Score every case of a store, one row each, and go on where an earlier run stopped."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core import __version__
from covseg_core.cases.record import TRUSTED
from covseg_core.errors import CovsegError, InputRefusedError, UsageError
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.reports.severity.as_csv import COLUMNS, as_csv, row_of
from covseg_core.reports.severity.facts import (
    ReportFacts,
    SeverityCase,
    words_on_lungs,
)
from covseg_core.severity.lung_sides import told_apart
from covseg_core.severity.report import measure_report

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.reports.severity.as_csv import Row
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["CohortStep", "cohort_csv", "read_cohort", "score_cohort"]

_BEFORE = ("case", "mask_version", "mask_file_sha256", "lungs_sha256", "image_sha256")
_AFTER = ("not_scored_because",)
_SAME = (*_BEFORE, "covseg")
"""A row stays as it is while these do; only the version tells what a mask means."""
_NO_MASK = "the case has no mask yet"
_NO_SIZE = "a picture has no voxel size, so volumes are unknown"


@dataclass(frozen=True, eq=False)
class CohortStep:
    """How far the scoring of a cohort is.

    Parameters
    ----------
    stage : str
        In plain words.
    done, total : int
        Cases.
    row : mapping, optional
        Of the case that was just done.
    """

    stage: str
    done: int
    total: int
    row: Row | None = None


def score_cohort(
    store: CaseReader,
    known: Mapping[str, Row],
    find_lungs: Callable[[CTVolume], LungMask],
) -> Generator[CohortStep, None, None]:
    """Score the mask of each case: the newest of a person, else the newest of a model.

    Parameters
    ----------
    store : CaseReader
        The cases.
    known : mapping of str to mapping
        Rows of an earlier run by case, see `read_cohort`; one whose scan, mask
        version and lungs are the same is not measured again.
    find_lungs : callable
        Finds the lungs of a scan that has none.

    Yields
    ------
    CohortStep
        Before each case and, with its row, after it.  A case that cannot be scored
        has a row that says why.
    """
    names = store.case_ids()
    for done, name in enumerate(names):
        yield CohortStep(f"Scoring {name}", done, len(names))
        row = _row(store, name, known.get(name, {}), find_lungs)
        yield CohortStep(f"Scored {name}", done + 1, len(names), row)


def cohort_csv(rows: Iterable[Row]) -> str:
    """Write rows of `score_cohort` with their head."""
    return as_csv(rows, _BEFORE, _AFTER)


def read_cohort(text: str, name: str) -> dict[str, Row]:
    """Read what `cohort_csv` wrote; empty if its columns are of another version.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        Of the file, for messages.

    Raises
    ------
    UsageError
        If it is another kind of file, which must not be replaced.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = tuple(reader.fieldnames or ())
    if columns[: len(_BEFORE)] != _BEFORE:
        raise UsageError(
            f"{name!r} is there already and is no table of scores; choose another name."
        )
    if columns != (*_BEFORE, *COLUMNS, *_AFTER):
        return {}
    return {row["case"]: row for row in reader}


def _row(
    store: CaseReader,
    name: str,
    known: Row,
    find_lungs: Callable[[CTVolume], LungMask],
) -> Row:
    try:
        record = store.read(name)
        version = record.newest(TRUSTED) or record.newest()
        base = _base(record, version)
        if not known.get(_AFTER[0]) and _is_same(known, base):
            return known
        return base | dict(_measured(store, record, version, find_lungs))
    except CovsegError as error:
        return {"case": name, "covseg": __version__, _AFTER[0]: str(error)}


def _is_same(known: Row, base: Row) -> bool:
    return all(known.get(key) == base.get(key) for key in _SAME)


def _base(record: CaseRecord, version: MaskVersion | None) -> dict[str, str]:
    return {
        "case": record.case_id,
        "mask_version": "" if version is None else str(version.number),
        "mask_file_sha256": "" if version is None else version.sha256,
        "lungs_sha256": record.lungs_sha256 or "",
        "image_sha256": record.image_sha256,
        "covseg": __version__,
    }


def _measured(
    store: CaseReader,
    record: CaseRecord,
    version: MaskVersion | None,
    find_lungs: Callable[[CTVolume], LungMask],
) -> Row:
    if version is None:
        raise InputRefusedError(_NO_MASK)
    if record.kind == "images":
        raise InputRefusedError(_NO_SIZE)
    ct = store.ct(record.case_id)
    given = store.lungs(record.case_id)
    lungs = find_lungs(ct) if given is None else told_apart(given)
    lesions = store.mask(record.case_id, version.number)
    case = SeverityCase(ct, lesions, lungs)
    facts = ReportFacts.of(
        case,
        MaskOrigin(version.source, version.model or "", version.model_sha256 or ""),
        words_on_lungs(lungs),
    )
    report = measure_report(ct, lesions, lungs)
    return row_of(case, report, facts)
