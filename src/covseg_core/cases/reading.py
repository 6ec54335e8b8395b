"""Read cases; no lock is needed, so a store may be on a read-only disk."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from covseg_core.cases.disk import read_text, sha256_of
from covseg_core.cases.identity import read_salt
from covseg_core.cases.masks import read_mask, stored_grid
from covseg_core.cases.record import TRUSTED, MaskVersion, parse_record
from covseg_core.cases.scan import CT, LUNG_MASK, MASKS
from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct, read_nifti_labels
from covseg_core.labels import LUNGS
from covseg_core.registry.card import NAME_PATTERN
from covseg_core.volume import LungMask

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.record import CaseRecord
    from covseg_core.volume import CTVolume, Grid, LesionMask

__all__ = ["RECORD", "CaseReader"]

RECORD = "case.json"


class CaseReader:
    """What can be read of a store; `CaseStore` can also write.

    Parameters
    ----------
    root : Path
        The folder of the store.

    Raises
    ------
    InputRefusedError
        If the folder is no store, is damaged or was made by a newer covseg.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._salt = read_salt(root)

    def list_cases(self) -> tuple[CaseRecord, ...]:
        """Read every case, in order of their ids.

        Raises
        ------
        InputRefusedError
            If a record is damaged; names case and field.
        """
        return tuple(self.read(case_id) for case_id in self.case_ids())

    def case_ids(self) -> tuple[str, ...]:
        """List the ids of all cases, damaged ones too, in order."""
        found = (path.parent.name for path in self.root.glob(f"*/{RECORD}"))
        return tuple(sorted(one for one in found if re.fullmatch(NAME_PATTERN, one)))

    def has(self, case_id: str) -> bool:
        """Whether there is a case of that id."""
        name = re.fullmatch(NAME_PATTERN, case_id)
        return name is not None and (self.root / case_id / RECORD).is_file()

    def folder(self, case_id: str) -> Path:
        """Give the folder of a case.

        Raises
        ------
        InputRefusedError
            If there is no such case.
        """
        if not self.has(case_id):
            raise InputRefusedError(
                f"there is no case {case_id!r} in {self.root.name}; "
                "`covseg cases list` shows those there are."
            )
        return self.root / case_id

    def read(self, case_id: str) -> CaseRecord:
        """Read what is known of a case.

        Raises
        ------
        InputRefusedError
            If there is no such case, or its record is damaged; names the field.
        """
        path = self.folder(case_id) / RECORD
        return parse_record(read_text(path, f"the record of {case_id}"), case_id)

    def ct(self, case_id: str) -> CTVolume:
        """Read the scan of a case.

        Raises
        ------
        InputRefusedError
            If a byte of it was changed.
        """
        record = self.read(case_id)
        path = self.checked_file(case_id, CT, record.ct_sha256)
        return replace(read_nifti_ct(path), is_hu=record.is_hu)

    def lungs(self, case_id: str) -> LungMask | None:
        """Read the lungs of a case, None if it has none; raises as `ct` does."""
        record = self.read(case_id)
        if record.lungs_sha256 is None:
            return None
        path = self.checked_file(case_id, LUNG_MASK, record.lungs_sha256)
        mask = read_nifti_labels(path, LUNGS)
        return LungMask(mask.labels, mask.grid, mask.label_set, mask.source)

    def mask(self, case_id: str, number: int | None = None) -> LesionMask:
        """Read a mask of a case.

        Parameters
        ----------
        case_id : str
            Which case.
        number : int, optional
            Which version; the newest that a person answers for if not given, and
            the newest of a model if there is none.

        Returns
        -------
        LesionMask
            It may hold `labels.UNKNOWN_CLASS`: infected, of no known class.

        Raises
        ------
        InputRefusedError
            If there is no such mask or a byte of it was changed.
        """
        record = self.read(case_id)
        if number is not None:
            version: MaskVersion | None = record.version(number)
        else:
            version = record.newest(TRUSTED) or record.newest()
        if version is None:
            raise InputRefusedError(
                f"{case_id} has no mask yet; add one with `covseg cases add --mask`."
            )
        path = self.checked_file(case_id, f"{MASKS}/{version.file}", version.sha256)
        return read_mask(path, version.label_set)

    def known_as(self, image_sha256: str) -> str | None:
        """Find the case of a scan by its `hash_ct`, None if it is new."""
        for record in self.list_cases():
            if record.image_sha256 == image_sha256:
                return record.case_id
        return None

    def grid(self, case_id: str) -> Grid:
        """Read where the voxels of a case's scan lie; raises as `ct` does."""
        record = self.read(case_id)
        return stored_grid(self.checked_file(case_id, CT, record.ct_sha256))

    def checked_file(self, case_id: str, name: str, sha256: str) -> Path:
        """Give the path of a case's file whose bytes are those that were recorded.

        Parameters
        ----------
        case_id : str
            Which case.
        name : str
            Path of the file in the case's folder.
        sha256 : str
            What the record says of it.

        Raises
        ------
        InputRefusedError
            If it is missing or a byte of it was changed.
        """
        path = self.folder(case_id) / name
        if sha256_of(path) != sha256:
            raise InputRefusedError(
                f"{name} of {case_id} was changed after it was recorded. Put it back "
                "from a backup; `covseg cases verify` lists all such files."
            )
        return path
