"""Write a scan the way the store keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.cases.disk import sha256_of
from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct, write_nifti_ct, write_nifti_labels

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["CT", "LUNG_MASK", "MASKS", "cleaned", "owner_of", "write_scan"]

CT = "ct.nii.gz"
LUNG_MASK = "lungs.nii.gz"
MASKS = "masks"
AIR_HU = -1000.0
PADDING_HU = -2000.0
"""What stands for unmeasured voxels on disk; readers take it for padding again."""


def cleaned(ct: CTVolume) -> CTVolume:
    """Put air into padding, and drop padding that grey levels cannot tell."""
    if ct.padding is None or not ct.is_hu:
        return replace(ct, padding=None)
    return replace(ct, hu=np.where(ct.padding, np.float32(AIR_HU), ct.hu))


def owner_of(ct: CTVolume, patient: str | None, image_sha256: str) -> str:
    """Tell whose scan it is: as said, else as DICOM says, else nobody else's.

    The answer may identify a person: hash it, and put it in no message.

    Raises
    ------
    InputRefusedError
        If nothing is said and the slices name different patients, of whom each could
        be in another split.
    """
    if patient is not None and patient.strip():
        return patient
    if ct.source.kind == "dicom" and ct.source.paths:
        from covseg_core.io.dicom.patient import patient_key, require_one_patient

        paths = [Path(path) for path in ct.source.paths]
        require_one_patient(paths)
        # Some slices may name nobody.
        keys = map(patient_key, paths)
        if key := next(filter(None, keys), ""):
            return key
    # No patient's name can hold a zero byte.
    return f"\0{image_sha256}"


def write_scan(
    folder: Path, ct: CTVolume, lungs: LungMask | None
) -> dict[str, str | None]:
    """Write scan and lungs into a new folder, ready for masks.

    Returns
    -------
    dict
        `ct_sha256` and `lungs_sha256` of the files.

    Raises
    ------
    InputRefusedError
        If the scan would come out of the store differently.
    GeometryError
        If the lungs do not lie on the scan.
    """
    if lungs is not None:
        lungs.require_on(ct)
    (folder / MASKS).mkdir(parents=True)
    _write_ct(folder / CT, ct)
    if lungs is not None:
        write_nifti_labels(folder / LUNG_MASK, replace(lungs, grid=ct.grid))
    return {
        "ct_sha256": sha256_of(folder / CT),
        "lungs_sha256": None if lungs is None else sha256_of(folder / LUNG_MASK),
    }


def _write_ct(path: Path, ct: CTVolume) -> None:
    marked = ct.hu if ct.padding is None else np.where(ct.padding, PADDING_HU, ct.hu)
    write_nifti_ct(path, replace(ct, hu=marked.astype(np.float32)))
    stored = read_nifti_ct(path)
    if not np.array_equal(stored.hu, ct.hu):
        raise InputRefusedError(
            "this scan would not come out of the store as it goes in: it has voxels "
            "without a number, or below -1500 HU that are not marked as padding. "
            "Clean them first."
        )
