"""MedSeg COVID-19 CT, dataset 2: nine whole scans of Radiopaedia.

Folders ``rp_im``, ``rp_msk`` and optionally ``rp_lung_msk`` with ``1.nii.gz`` to
``9.nii.gz`` each.  Verified in programs that read them: names, and mask values 1
ground glass and 2 consolidation; 3, pleural effusion in dataset 1, is taken for
background here too.  Sides of the lungs are decided from where they lie.
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
from covseg_core.collections.sides import sided_lungs
from covseg_core.collections.volumes import mapped, read_values
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import LESIONS

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions

__all__ = ["list_cases"]

_EXPECTED = "rp_im/1.nii.gz to 9.nii.gz, rp_msk and rp_lung_msk"
_NOTE = "8-bit windows mapped back to about HU; pleural effusion is background"


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the scans.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise or a mask has no scan.
    """
    root = find_root(folder, _EXPECTED, ("rp_im",))
    scans = list_niftis(root / "rp_im")
    masks, lungs = list_niftis(root / "rp_msk"), list_niftis(root / "rp_lung_msk")
    require_no_strangers(scans, masks)
    require_no_strangers(scans, lungs)
    listed = []
    for stem, scan in scans.items():
        name = public_id("medseg-volume", stem)
        load = partial(_case, name, scan, masks.get(stem), lungs.get(stem))
        listed.append(ListedCase(name, load))
    return tuple(listed)


def _case(
    name: str, scan: Path, mask: Path | None, lungs: Path | None
) -> CollectedCase:
    ct = read_nifti_ct(scan)
    lesions = sided = None
    if mask is not None:
        values = read_values(mask, (1, 2, 3))
        lesions = turned_onto(mapped(values, {1: 1, 2: 2}, LESIONS), ct.grid)
    if lungs is not None:
        sided = turned_onto(sided_lungs(read_values(lungs, (1, 2))), ct.grid)
    return CollectedCase(name, name, ct, lesions, sided, note=_NOTE)
