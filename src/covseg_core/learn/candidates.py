"""Which scans may get a pseudo-label, and what a case store knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases import scan as stored
from covseg_core.cases.record import TRUSTED
from covseg_core.transforms.fingerprint import hash_ct

if TYPE_CHECKING:
    from covseg_core.cases.record import CaseRecord, Split
    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.unlabelled import UnlabelledScan
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["Candidate", "admit", "examine", "hindrance"]

LEARNT_FROM: Split = "train"


@dataclass(frozen=True, eq=False)
class Candidate:
    """A scan, and what a store knows of it.

    Parameters
    ----------
    record : CaseRecord or None
        Its case; None if it is new to the store.
    ct : CTVolume or None
        A new scan; a known one is read from the store.
    lungs : LungMask or None
        Of a new scan, where they are known.
    patient : str or None
        Whose a new scan is, if that is known.
    hindrance : str
        Why it may not be learnt from; empty if it may.
    """

    record: CaseRecord | None
    ct: CTVolume | None = None
    lungs: LungMask | None = None
    patient: str | None = None
    hindrance: str = ""


def examine(
    store: CaseStore, scan: UnlabelledScan, patient: str | None = None
) -> Candidate:
    """Look a scan up in a store, by its voxels, without adding it.

    Parameters
    ----------
    store : CaseStore
        Where its pseudo-label would go.
    scan : UnlabelledScan
        The scan.
    patient : str, optional
        Whose it is.  If not given, what DICOM or the store that it is a case of
        says; else the scan is its own patient's.

    Raises
    ------
    InputRefusedError
        If the scan cannot be read.
    """
    source = scan.store
    if source is not None and source.root.resolve() == store.root.resolve():
        record = store.read(scan.name)
        return Candidate(record, hindrance=hindrance(record))
    ct, records = scan.ct(), store.list_cases()
    image_sha256 = hash_ct(stored.cleaned(ct))
    for record in records:
        if record.image_sha256 == image_sha256:
            return Candidate(record, hindrance=hindrance(record))
    if patient is None and source is not None:
        patient = source.read(scan.name).patient
    owner = store.pseudonym(stored.owner_of(ct, patient, image_sha256))
    splits = {record.patient: record.split for record in records}
    trouble = _of_judge(splits.get(owner, LEARNT_FROM))
    return Candidate(None, ct, scan.lungs(), patient, trouble)


def hindrance(record: CaseRecord) -> str:
    """Say why a case may not get a pseudo-label; empty if it may."""
    if record.split != LEARNT_FROM:
        return f"{record.case_id} is in the split {record.split}, which judges models"
    if record.newest(TRUSTED) is not None:
        return f"a reader has outlined it, as {record.case_id}"
    if record.state == "flagged":
        return f"{record.case_id} is flagged"
    return ""


def admit(store: CaseStore, candidate: Candidate, scan: UnlabelledScan) -> CaseRecord:
    """Give the case of a scan; a new scan becomes one of the training split.

    Raises
    ------
    InputRefusedError
        If it cannot be added.
    OutputError
        If it could not be written.
    """
    if candidate.record is not None:
        return candidate.record
    if candidate.ct is None:
        raise TypeError("a new scan comes with its CT.")
    origin = None if scan.store is None else scan.store.read(scan.name)
    return store.add_case(
        candidate.ct,
        patient=candidate.patient,
        lungs=candidate.lungs,
        split=LEARNT_FROM,
        collection="" if origin is None else origin.collection,
        licence="" if origin is None else origin.licence,
    )


def _of_judge(split: Split) -> str:
    """Say that a new scan is of a patient whose other scans judge models."""
    if split == LEARNT_FROM:
        return ""
    return f"its patient is in the split {split}, which judges models"
