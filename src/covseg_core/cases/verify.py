"""Check every byte of a store against what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases.disk import read_text, sha256_of
from covseg_core.cases.masks import unrecorded
from covseg_core.cases.reading import RECORD, CaseReader
from covseg_core.cases.record import CaseRecord, parse_record, render_record
from covseg_core.cases.scan import CT, LUNG_MASK, MASKS
from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

__all__ = ["Problem", "verify"]

STRANGE = "does not belong here"
UNRECORDED = "is there although none was recorded"
STOPPED = "is not recorded: its writer was stopped; the next save takes it in"
_REMEDIES = {
    STRANGE: "Move out of the store",
    UNRECORDED: "Move out of the store",
    STOPPED: "Save to the case again for",
}


@dataclass(frozen=True)
class Problem:
    """Something in a store that is not as it was left.

    Parameters
    ----------
    case : str
        Id of the case.
    file : str
        Path of the file inside the store.
    what : str
        What is wrong with it.
    """

    case: str
    file: str
    what: str

    @property
    def remedy(self) -> str:
        """What to do with the file."""
        return _REMEDIES.get(self.what, "Put back from a backup")

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def verify(store: CaseReader) -> Generator[Problem, None, None]:
    """Yield whatever is damaged, missing, strange or could leak between splits.

    Parameters
    ----------
    store : CaseReader
        The store; its own ``store.json`` was checked when it was opened.
    """
    records = []
    for folder in sorted(_visible(store.root)):
        if not folder.is_dir():
            continue
        record = yield from _check_record(folder)
        if record is not None:
            records.append(record)
            yield from _check_files(folder, record)
            yield from _check_masks(folder / MASKS, record)
    yield from _check_splits(records)
    yield from _check_twins(records)


def _check_record(folder: Path) -> Generator[Problem, None, CaseRecord | None]:
    case, name = folder.name, f"{folder.name}/{RECORD}"
    if not (folder / RECORD).is_file():
        if (folder / CT).exists() or (folder / MASKS).exists():
            yield Problem(case, name, "is missing")
        else:
            yield Problem(case, case, STRANGE)
        return None
    try:
        text = read_text(folder / RECORD, f"the record of {case}")
        record = parse_record(text, case)
    except InputRefusedError as error:
        yield Problem(case, name, str(error))
        return None
    if text != render_record(record):
        yield Problem(case, name, "is laid out differently from how it was written")
    return record


def _check_files(folder: Path, record: CaseRecord) -> Iterator[Problem]:
    expected = {CT: record.ct_sha256, LUNG_MASK: record.lungs_sha256}
    for version in record.versions:
        expected[f"{MASKS}/{version.file}"] = version.sha256
    for name, sha256 in expected.items():
        problem = _problem_of(folder / name, sha256)
        if problem:
            yield Problem(record.case_id, f"{record.case_id}/{name}", problem)


def _problem_of(path: Path, sha256: str | None) -> str:
    """Say what is wrong with a file, empty if nothing is."""
    if not path.is_file():
        return "" if sha256 is None else "is missing"
    if sha256 is None:
        return UNRECORDED
    try:
        return "" if sha256_of(path) == sha256 else "was changed after it was recorded"
    except InputRefusedError as error:
        return str(error)


def _check_masks(masks: Path, record: CaseRecord) -> Iterator[Problem]:
    if not masks.is_dir():
        yield Problem(record.case_id, f"{record.case_id}/{MASKS}", "is missing")
        return
    stopped = unrecorded(masks, record)
    known = {version.file for version in record.versions}
    for path in sorted(_visible(masks)):
        if path.name not in known:
            what = STOPPED if path.name in stopped else STRANGE
            name = f"{record.case_id}/{MASKS}/{path.name}"
            yield Problem(record.case_id, name, what)


def _check_splits(records: list[CaseRecord]) -> Iterator[Problem]:
    first: dict[str, CaseRecord] = {}
    for record in records:
        other = first.setdefault(record.patient, record)
        if other.split != record.split:
            yield Problem(
                record.case_id,
                f"{record.case_id}/{RECORD}",
                f"is in the split {record.split!r}, but {other.case_id} of the same "
                f"patient is in {other.split!r}",
            )


def _check_twins(records: list[CaseRecord]) -> Iterator[Problem]:
    first: dict[str, CaseRecord] = {}
    for record in records:
        other = first.setdefault(record.image_sha256, record)
        if other is not record:
            yield Problem(
                record.case_id,
                f"{record.case_id}/{CT}",
                f"is the same scan as that of {other.case_id}",
            )


def _visible(folder: Path) -> Iterator[Path]:
    """List what is not hidden; hidden files are locks and unfinished writes."""
    return (path for path in folder.iterdir() if not path.name.startswith("."))
