"""Cases as plain files that many people may write to at once.

::

    store.json                  format, and the random text behind pseudonyms
    case-0001/case.json         what is known of the case, see `CaseRecord`
    case-0001/ct.nii.gz  lungs.nii.gz
    case-0001/masks/v0001_model.nii.gz  v0002_edited.nii.gz  …

No scan and no mask is ever replaced.  Every file's hash is in the record, and
reading refuses what was changed.  Readers need no lock.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from covseg_core.cases import masks, scan
from covseg_core.cases.disk import hold, place_folder, staged, sweep, writing
from covseg_core.cases.identity import create_identity
from covseg_core.cases.patients import choose_split, pseudonym_of
from covseg_core.cases.reading import RECORD, CaseReader
from covseg_core.cases.record import (
    SOURCES,
    CaseRecord,
    render_record,
    revised,
    stated,
)
from covseg_core.cases.synthetic import is_synthetic
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.io.atomic import write_text
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.registry.card import NAME_PATTERN
from covseg_core.transforms.fingerprint import hash_ct

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.cases.record import MaskSource, MaskVersion
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["CaseStore"]


class CaseStore(CaseReader):
    """A folder of cases; `CaseReader` tells how it is read.

    Parameters
    ----------
    root : Path
        Its folder; `CaseStore.create` makes a new one.

    Raises
    ------
    InputRefusedError
        If the folder is no store, is damaged or was made by a newer covseg.
    """

    @classmethod
    def create(cls, root: Path) -> CaseStore:
        """Open a store; a new or empty folder becomes one.

        Raises
        ------
        InputRefusedError
            If the folder holds other files.
        OutputError
            If it cannot be written.
        """
        create_identity(root)
        return cls(root)

    def pseudonym(self, patient: str) -> str:
        """Give the name that this store knows a patient by."""
        return pseudonym_of(patient, self._salt)

    def add_case(
        self,
        ct: CTVolume,
        *,
        case_id: str | None = None,
        patient: str | None = None,
        lungs: LungMask | None = None,
        split: str | None = None,
        collection: str = "",
        licence: str = "",
        allow_synthetic: bool = False,
    ) -> CaseRecord:
        """Add a scan; it is there whole or not at all.

        Parameters
        ----------
        ct : CTVolume
            The scan.
        case_id : str, optional
            The next free ``case-0001`` if not given.
        patient : str, optional
            Name or identifier, kept as a pseudonym only.  If not given, what the
            DICOM header says; else the scan is its own patient's.
        lungs : LungMask, optional
            On the scan's grid.
        split : {"train", "validation", "held-out"}, optional
            For a new patient; all cases of a patient share one, for life.
        collection, licence : str
            Where the scan comes from, and what one may do with it.
        allow_synthetic : bool
            Take a scan that a model made, too; the record remembers it.

        Raises
        ------
        InputRefusedError
            If the scan is a case already or synthetic, the id is taken, or the
            patient is in another split.
        GeometryError
            If the lungs do not lie on the scan.
        UsageError
            If the id is no name or the split is none.
        OutputError
            If it could not be written.
        """
        ct = scan.cleaned(ct)
        image_sha256 = hash_ct(ct)
        self._refuse_known(image_sha256)
        facts: dict[str, Any] = {
            "image_sha256": image_sha256,
            "patient": self.pseudonym(scan.owner_of(ct, patient, image_sha256)),
            "is_hu": ct.is_hu,
            "kind": ct.source.kind,
            "synthetic": is_synthetic(ct, image_sha256, allowed=allow_synthetic),
            "collection": collection,
            "licence": licence,
            "created_utc": _now(),
        }
        with writing("the new case"), staged(self.root) as stage:
            facts |= scan.write_scan(stage, ct, lungs)
            with hold(self.root, f"the case store {self.root.name}"):
                self._refuse_known(image_sha256)
                facts["case_id"] = self._free_id(case_id)
                facts["split"] = choose_split(
                    self.list_cases(), facts["patient"], split
                )
                record = stated(CaseRecord, facts)
                write_text(stage / RECORD, render_record(record))
                place_folder(stage, self.root / record.case_id)
                sweep(self.root)
        return record

    def add_mask(
        self,
        case_id: str,
        mask: LesionMask,
        *,
        source: MaskSource,
        parent: int | None = None,
        model: str | None = None,
        model_sha256: str | None = None,
        confidence: float | None = None,
        role: str = "",
        seconds_spent: float = 0.0,
        note: str = "",
    ) -> MaskVersion:
        """Add a mask under the case's next number; none is ever replaced.

        Parameters
        ----------
        case_id : str
            Which case.
        mask : LesionMask
            On the grid of its scan; may hold `labels.UNKNOWN_CLASS`.
        source : {"manual", "edited", "model"}
            Drawn by hand, corrected by hand, or predicted.
        parent : int, optional
            The version that it was made from.
        model, model_sha256 : str, optional
            Which model predicted it or what it was corrected from, and its weights.
        confidence : float, optional
            How sure the model was, in [0, 1]; see `inference.confidence`.
        role : str
            The reader's, such as ``radiologist``; no name.
        seconds_spent : float
            How long the reader took.
        note : str
            Anything else, but nothing that identifies a patient.

        Returns
        -------
        MaskVersion
            `is_beside` if someone else extended the same parent meanwhile; both
            versions are kept.

        Raises
        ------
        InputRefusedError
            If there is no such case or parent, or the mask holds strange values.
        GeometryError
            If the mask does not lie on the scan.
        UsageError
            If a fact is wrong; names it.
        OutputError
            If it could not be written.
        """
        if source not in SOURCES:
            raise UsageError(f"the source {source!r} is none of {', '.join(SOURCES)}.")
        mask = masks.fitted(mask, self.grid(case_id))
        facts: dict[str, Any] = {
            "label_set": mask.label_set.name,
            "source": source,
            "parent": parent,
            "model": model,
            "model_sha256": model_sha256,
            "confidence": confidence,
            "role": role,
            "seconds_spent": seconds_spent,
            "note": note,
            "created_utc": _now(),
        }
        folder = self.folder(case_id) / scan.MASKS
        with (
            writing(f"the mask of {case_id}"),
            staged(folder, ".nii.gz") as temporary,
        ):
            write_nifti_labels(temporary, mask)
            with self._revising(case_id) as record:
                record = masks.place_mask(folder, temporary, record, facts)
                self._write(record)
        return record.versions[-1]

    def set_state(
        self, case_id: str, state: str, comment: str | None = None
    ) -> CaseRecord:
        """Say how far a case is; a comment that is not given stays.

        Raises
        ------
        InputRefusedError
            If there is no such case.
        UsageError
            If the state is none of `record.STATES`.
        OutputError
            If it could not be written.
        """
        with writing(f"the state of {case_id}"), self._revising(case_id) as old:
            said = old.comment if comment is None else comment
            record = revised(old, state=state, comment=said)
            self._write(record)
        return record

    @contextmanager
    def _revising(self, case_id: str) -> Generator[CaseRecord, None, None]:
        """Keep other writers out of a case and give its record as it is now."""
        with hold(self.folder(case_id), f"the case {case_id}"):
            record, folder = self.read(case_id), self.root / case_id / scan.MASKS
            if masks.unrecorded(folder, record):
                record = masks.add_unrecorded(folder, record, self.grid(case_id))
            yield record

    def _write(self, record: CaseRecord) -> None:
        folder = self.root / record.case_id
        write_text(folder / RECORD, render_record(record))
        masks.forget_descriptions(folder / scan.MASKS, record)
        sweep(folder)
        sweep(folder / scan.MASKS)

    def _refuse_known(self, image_sha256: str) -> None:
        known = self.known_as(image_sha256)
        if known is not None:
            raise InputRefusedError(
                f"this scan is in the store already, as {known}. Add masks to that "
                "case; a second case of it could put one scan into two splits."
            )

    def _free_id(self, wanted: str | None) -> str:
        if wanted is None:
            number = 1
            while (self.root / f"case-{number:04d}").exists():
                number += 1
            return f"case-{number:04d}"
        if not re.fullmatch(NAME_PATTERN, wanted):
            raise UsageError(
                f"a case cannot be called {wanted!r}: use up to 64 letters, digits, "
                "dots, dashes and underscores, beginning with a letter or digit."
            )
        if (self.root / wanted).exists():
            raise InputRefusedError(
                f"there is another scan under the name {wanted!r} already; choose "
                "another name."
            )
        return wanted


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
