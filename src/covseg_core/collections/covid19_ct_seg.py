"""COVID-19 CT Lung and Infection Segmentation: twenty whole scans.

J. Ma et al., Medical Physics, 2020; Zenodo record 3757476.  Folders
``COVID-19-CT-Seg_20cases``, ``Infection_Mask``, ``Lung_Mask`` and
``Lung_and_Infection_Mask`` (1 and 2 lungs, 3 infection), each with files such as
``coronacases_001.nii.gz`` and ``radiopaedia_10_85902_1.nii.gz``.

Verified in programs that read them: folders and names.  Scans of Radiopaedia are
8-bit windows, which is judged from their values.  Which lung is 1 is not believed:
sides are decided from where the lungs lie.  In ``radiopaedia_A_B_C``, elsewhere
``radiopaedia_org_covid-19-pneumonia-A_B_C-dcm``, A is taken for the patient, so that
two scans of one patient stay together.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import (
    find_root,
    list_niftis,
    public_id,
    require_no_strangers,
)
from covseg_core.collections.sides import sided_lungs
from covseg_core.collections.volumes import mapped, read_values
from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import INFECTION

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions
    from covseg_core.volume import LabelVolume

__all__ = ["list_cases", "patient_of"]

SCANS = "COVID-19-CT-Seg_20cases"
MASKS = "Infection_Mask", "Lung_Mask", "Lung_and_Infection_Mask"
_EXPECTED = f"{SCANS}/*.nii.gz with {', '.join(MASKS)}"
_WINDOWED = "an 8-bit window, not in HU"
_PATIENTS = (
    r"(coronacases)_(?:org_)?(\d+)",
    r"(radiopaedia)_(?:org_[\w-]*?-)?(\d+)_\d+",
)


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the scans.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise, or a mask has no scan or a scan no mask.
    """
    root = find_root(folder, _EXPECTED, (SCANS,))
    scans = list_niftis(root / SCANS)
    infection, lungs, both = (list_niftis(root / name) for name in MASKS)
    for masks in (infection, lungs, both):
        require_no_strangers(scans, masks)
    listed = []
    for stem, scan in scans.items():
        if stem not in infection and stem not in both:
            raise InputRefusedError(
                f"{scan.name} has no mask in Infection_Mask; {_EXPECTED} was expected."
            )
        name = public_id(stem)
        files = infection.get(stem), lungs.get(stem), both.get(stem)
        listed.append(ListedCase(name, partial(_case, name, scan, *files)))
    return tuple(listed)


def patient_of(name: str) -> str | None:
    """Name the patient of a scan, or of a slice of one; None if the name tells none.

    Parameters
    ----------
    name : str
        Of the scan, or with more before and after it.
    """
    matches = (re.search(pattern, name) for pattern in _PATIENTS)
    return next((f"{match[1]} {match[2]}" for match in matches if match), None)


def _case(
    name: str,
    scan: Path,
    infection: Path | None,
    lungs: Path | None,
    both: Path | None,
) -> CollectedCase:
    ct = read_nifti_ct(scan)
    lesions, inside = _masks(infection, lungs, both)
    return CollectedCase(
        name,
        patient_of(name) or name,
        ct,
        turned_onto(mapped(lesions, {1: 1, 3: 1}, INFECTION), ct.grid),
        None if inside is None else turned_onto(sided_lungs(inside), ct.grid),
        note="" if ct.is_hu else _WINDOWED,
    )


def _masks(
    infection: Path | None, lungs: Path | None, both: Path | None
) -> tuple[LabelVolume, LabelVolume | None]:
    """Read infection as 1 or 3, and the lungs as 1 and 2 where there is a file."""
    inside = None if lungs is None else read_values(lungs, (1, 2))
    if infection is not None:
        return read_values(infection, (1,)), inside
    if both is None:
        raise InputRefusedError("a scan of covid19-ct-seg needs a mask of infection.")
    joint = read_values(both, (1, 2, 3))
    # Here 1 and 2 are lungs, so only 3 may pass for infection.
    joint.labels[joint.labels < 3] = 0
    return joint, inside
