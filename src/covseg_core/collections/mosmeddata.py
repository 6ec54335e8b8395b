"""MosMedData COVID19_1110: whole scans sorted by severity.

S.P. Morozov et al., medRxiv 2020.05.20.20100362.  Files
``studies/CT-0`` to ``CT-4`` with ``study_0001.nii`` (or ``.nii.gz``) and on, and
``masks/study_0255_mask.nii`` (or ``.nii.gz``) for fifty studies of CT-1;
``dataset_registry.xlsx`` repeats the categories and is not needed.

Verified in programs that read them: folders, names and categories.  CT-0 means that
readers found no infection, so an empty mask is right there.  Each study is taken for
a patient of its own, as nothing says otherwise.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import (
    find_root,
    list_niftis,
    public_id,
    require_no_strangers,
)
from covseg_core.collections.pictures import empty_mask
from covseg_core.collections.volumes import mapped, read_values
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import INFECTION

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions

__all__ = ["list_cases"]

HEALTHY = "CT-0"
SEVERITIES = (HEALTHY, "CT-1", "CT-2", "CT-3", "CT-4")
_EXPECTED = "studies/CT-0 to CT-4 with study_NNNN.nii, and masks/study_NNNN_mask.nii"


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the studies, from CT-0 to CT-4.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise or a mask has no study.
    """
    wanted = tuple(f"studies/{severity}" for severity in SEVERITIES)
    root = find_root(folder, _EXPECTED, wanted)
    studies = {
        severity: list_niftis(root / "studies" / severity) for severity in SEVERITIES
    }
    found = {stem: path for part in studies.values() for stem, path in part.items()}
    masks = list_niftis(root / "masks")
    masks = {stem.removesuffix("_mask"): path for stem, path in masks.items()}
    require_no_strangers(found, masks)
    listed = []
    for severity, part in studies.items():
        for stem, scan in part.items():
            name = public_id("mosmed", stem)
            load = partial(_case, name, severity, scan, masks.get(stem))
            listed.append(ListedCase(name, load))
    return tuple(listed)


def _case(name: str, severity: str, scan: Path, mask: Path | None) -> CollectedCase:
    ct = read_nifti_ct(scan)
    lesions, note = None, f"severity {severity}"
    if mask is not None:
        lesions = turned_onto(
            mapped(read_values(mask, (1,)), {1: 1}, INFECTION), ct.grid
        )
    elif severity == HEALTHY:
        lesions = empty_mask(ct)
        note += ": readers found no infection, so the mask is empty"
    return CollectedCase(name, name, ct, lesions, note=note)
