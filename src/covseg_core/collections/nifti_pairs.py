"""NIfTI scans of your own with masks of the same names.

Folders ``images`` (or ``imagesTr``), ``labels`` (or ``masks`` or ``labelsTr``) and
optionally ``lungs``; a scan may lack its mask.  nnU-Net's ``_0000`` at the end of an
image's name does not count, here and in ``patients.csv``, whose columns name and
patient tell which scans are of one patient; else each name is a patient, and one that
comes again in a later import is the same.  A name may be a person's, so cases are
numbered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import (
    find_root,
    list_niftis,
    patients_of,
    require_no_strangers,
)
from covseg_core.collections.sides import sided_lungs
from covseg_core.collections.volumes import read_lesions_on, read_values
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.io.same_voxels import turned_onto

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions

__all__ = ["list_cases"]

IMAGES = "images", "imagesTr"
MASKS = "labels", "masks", "labelsTr"
_CHANNEL = "_0000"
_EXPECTED = "images/*.nii.gz with labels or masks of the same names"


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the scans.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise, a mask or a row of ``patients.csv``
        has no scan, or two scans or masks have one name.
    """
    root = find_root(folder, _EXPECTED, IMAGES)
    images = list_niftis(*(root / name for name in IMAGES), channel=_CHANNEL)
    masks = list_niftis(*(root / name for name in MASKS))
    lungs = list_niftis(root / "lungs")
    require_no_strangers(images, masks)
    require_no_strangers(images, lungs)
    patients = patients_of(folder, root, images, _CHANNEL)
    return tuple(
        ListedCase(
            f"scan {number}",
            partial(
                _case,
                patients.get(stem) or f"file {stem}",
                scan,
                masks.get(stem),
                lungs.get(stem),
                options.labels,
            ),
        )
        for number, (stem, scan) in enumerate(images.items(), 1)
    )


def _case(
    patient: str, scan: Path, mask: Path | None, lungs: Path | None, label_set: str
) -> CollectedCase:
    ct = read_nifti_ct(scan)
    lesions = None if mask is None else read_lesions_on(ct.grid, mask, label_set)
    if lungs is None:
        return CollectedCase(None, patient, ct, lesions)
    sided = sided_lungs(read_values(lungs, (1, 2)))
    return CollectedCase(None, patient, ct, lesions, turned_onto(sided, ct.grid))
