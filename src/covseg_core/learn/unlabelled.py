"""Scans that nobody has outlined: files, folders of them, or a case store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.cases.identity import IDENTITY
from covseg_core.cases.reading import CaseReader
from covseg_core.cases.record import TRUSTED
from covseg_core.errors import InputRefusedError
from covseg_core.io import is_nifti, read_ct
from covseg_core.io.images import is_picture, list_slices, read_picture_ct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from covseg_core.volume import CTVolume, LungMask

__all__ = ["UnlabelledScan", "find_unlabelled"]

FLAGGED = "flagged"


@dataclass(frozen=True)
class UnlabelledScan:
    """A scan that may be learnt from without a mask; read when it is needed.

    Parameters
    ----------
    name : str
        Of its file or folder, without ending, or the id of its case.
    path : Path
        Of the scan, or of the case store.
    store : CaseReader or None
        The store, if it is a case of one.
    """

    name: str
    path: Path
    store: CaseReader | None = None

    def ct(self) -> CTVolume:
        """Read the scan; a picture becomes one of one slice, not in HU.

        Raises
        ------
        InputRefusedError
            If it cannot be read or is not safe to use; says why.
        """
        if self.store is not None:
            return self.store.ct(self.name)
        return (
            read_picture_ct(self.path) if is_picture(self.path) else read_ct(self.path)
        )

    def lungs(self) -> LungMask | None:
        """Read its lungs, None if they are not known."""
        return None if self.store is None else self.store.lungs(self.name)


def find_unlabelled(
    paths: Sequence[Path], *, outlined_too: bool = False
) -> tuple[UnlabelledScan, ...]:
    """List the scans at some paths, in order; nothing is read yet.

    Parameters
    ----------
    paths : sequence of Path
        DICOM folders or files, NIfTI files, pictures, folders of NIfTI files and
        pictures, or case stores.  Of a store those cases of the training split
        that are not flagged and have no mask that a person answers for: scans
        that judge models must stay unseen.
    outlined_too : bool
        Take also the cases that have such a mask, for what needs images alone.

    Raises
    ------
    InputRefusedError
        If there is nothing at a path, nothing in a store to take, or a folder holds
        DICOM beside other scans.
    """
    return tuple(scan for path in paths for scan in _at(path, outlined_too))


def _at(path: Path, outlined_too: bool) -> list[UnlabelledScan]:
    if not path.exists():
        raise InputRefusedError(f"there is no file or folder {path.name!r}.")
    if (path / IDENTITY).is_file():
        return _of_store(path, outlined_too)
    if not path.is_dir():
        return [UnlabelledScan(_stem(path), path)]
    found = [entry for entry in sorted(path.iterdir()) if _is_nifti_file(entry)]
    found += list_slices(path)
    if found and _holds_dicom(path):
        raise InputRefusedError(
            f"the folder {path.name!r} holds DICOM slices beside NIfTI files or "
            "pictures, which may be masks or views of them. Give the scans one by one; "
            "one DICOM file stands for its series."
        )
    # What is neither is left to the DICOM reader, which tells what is wrong.
    return [UnlabelledScan(_stem(entry), entry) for entry in found or [path]]


def _holds_dicom(folder: Path) -> bool:
    """Whether the DICOM reader would find a slice in a folder or below it."""
    from covseg_core.io.dicom.elements import quiet
    from covseg_core.io.dicom.headers import CTFile, look_at

    others = (
        entry
        for entry in folder.rglob("*")
        if entry.is_file() and not is_nifti(entry) and not is_picture(entry)
    )
    with quiet():
        return any(isinstance(look_at(entry), CTFile) for entry in others)


def _of_store(path: Path, outlined_too: bool) -> list[UnlabelledScan]:
    store = CaseReader(path)
    scans = [
        UnlabelledScan(record.case_id, path, store)
        for record in store.list_cases()
        if record.split == "train"
        and record.state != FLAGGED
        and (outlined_too or record.newest(TRUSTED) is None)
    ]
    if not scans:
        raise InputRefusedError(
            f"the case store {path.name!r} has no case to take in its split train; "
            "flagged ones and, for pseudo-labels, those that a reader outlined are "
            "left out."
        )
    return scans


def _is_nifti_file(path: Path) -> bool:
    return is_nifti(path) and path.is_file() and not path.name.startswith(".")


def _stem(path: Path) -> str:
    name = path.resolve().name
    return (
        name.removesuffix(".gz").removesuffix(".nii") if is_nifti(path) else path.stem
    )
