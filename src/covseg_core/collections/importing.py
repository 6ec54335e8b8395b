"""Put a collection into a case store; what is there already is left as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases.scan import cleaned
from covseg_core.errors import InputRefusedError, OutputError
from covseg_core.transforms.fingerprint import hash_ct

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from covseg_core.cases.record import CaseRecord
    from covseg_core.cases.store import CaseStore
    from covseg_core.collections import Collection
    from covseg_core.collections.case import CollectedCase, ListedCase

__all__ = ["ImportStep", "ImportSummary", "import_collection"]

ADDED, COMPLETED, KNOWN = "added", "completed", "known"


@dataclass(frozen=True)
class ImportStep:
    """How far an import is.

    Parameters
    ----------
    stage : str
        The case that was just looked at.
    done, total : int
        Cases.
    """

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Parameters
    ----------
    added : int
        New cases.
    completed : int
        Cases that were there and got the mask that they lacked.
    known : int
        Other scans that were in the store already.
    refused : tuple of (str, str)
        Cases that could not be taken, and why.
    """

    added: int
    completed: int
    known: int
    refused: tuple[tuple[str, str], ...]


def import_collection(
    store: CaseStore, collection: Collection, listed: Sequence[ListedCase]
) -> Generator[ImportStep, None, ImportSummary]:
    """Add every case of a collection; an import that was stopped can be repeated.

    Parameters
    ----------
    store : CaseStore
        Where to put them.
    collection : Collection
        What is read.
    listed : sequence of ListedCase
        Its cases, as `Collection.list_cases` finds them.

    Yields
    ------
    ImportStep
        After each case.

    Returns
    -------
    ImportSummary
        Cases that cannot be taken do not stop the others; they are listed.

    Raises
    ------
    OutputError
        If the store cannot be written; it tells how many cases are in it.
    """
    known = _Known.of(store)
    counts = dict.fromkeys((ADDED, COMPLETED, KNOWN), 0)
    refused = []
    for done, one in enumerate(listed, 1):
        try:
            counts[_take(store, collection, known, one)] += 1
        except InputRefusedError as error:
            refused.append((one.name, str(error)))
        except OutputError as error:
            raise OutputError(
                f"{error} {sum(counts.values())} of {len(listed)} cases are in the "
                "store; the same import goes on with the others."
            ) from error
        yield ImportStep(one.name, done, len(listed))
    return ImportSummary(**counts, refused=tuple(refused))


@dataclass(frozen=True, eq=False)
class _Known:
    """What the store holds, read once: many cases would make each look slow.

    Parameters
    ----------
    scans : dict
        Case by the `hash_ct` of its scan.
    patients : set
        Pseudonyms.
    """

    scans: dict[str, str]
    patients: set[str]

    @classmethod
    def of(cls, store: CaseStore) -> _Known:
        """Look into a store."""
        records = store.list_cases()
        scans = {record.image_sha256: record.case_id for record in records}
        return cls(scans, {record.patient for record in records})

    def add(self, record: CaseRecord) -> None:
        """Remember a case that was just added."""
        self.scans[record.image_sha256] = record.case_id
        self.patients.add(record.patient)


def _take(
    store: CaseStore, collection: Collection, known: _Known, listed: ListedCase
) -> str:
    case = listed.load()
    case_id = known.scans.get(hash_ct(cleaned(case.ct)))
    if case_id is not None:
        return _complete(store, collection, case, store.read(case_id))
    if case.lesions is not None:
        # A mask that is refused must not leave a case without one.
        case.lesions.require_on(case.ct)
    is_settled = store.pseudonym(case.patient) in known.patients
    record = store.add_case(
        case.ct,
        case_id=case.case_id,
        patient=case.patient,
        lungs=case.lungs,
        split=None if is_settled else case.split,
        collection=collection.name,
        licence=collection.licence,
    )
    known.add(record)
    _finish(store, record, case)
    return ADDED


def _complete(
    store: CaseStore, collection: Collection, case: CollectedCase, record: CaseRecord
) -> str:
    """Add the mask that an earlier import was stopped before, or did not want."""
    ours = record.collection == collection.name
    if case.lesions is None or record.versions or not ours:
        return KNOWN
    _finish(store, record, case)
    return COMPLETED


def _finish(store: CaseStore, record: CaseRecord, case: CollectedCase) -> None:
    """Add mask and note; a case that a person outlined is done."""
    if case.lesions is None:
        if case.note:
            store.set_state(record.case_id, record.state, case.note)
        return
    store.add_mask(
        record.case_id,
        case.lesions,
        source=case.source,
        model=case.model,
        note=case.note,
    )
    if case.source != "model" and record.state == "new":
        store.set_state(record.case_id, "done")
