"""MedSeg COVID-19 CT, dataset 1: a hundred axial slices in one NIfTI file.

Files: ``tr_im.nii.gz`` and ``tr_mask.nii.gz``, 512 x 512 x 100; optionally
``tr_lungmasks_updated.nii.gz``, and ``val_im.nii.gz`` without masks.

Verified in programs that read them: names, slices along the third axis, about HU,
mask values 1 ground glass, 2 consolidation, 3 pleural effusion, and lungs of two
values.  Not verified: that the files' affine tells up from down; it is believed.
The slices come from more than 40 patients, and nothing says which; a ``patients.csv``
(columns name and patient, names ``tr-001`` and on) may.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import find_root, list_niftis, patients_of
from covseg_core.collections.sides import sided_lungs
from covseg_core.collections.volumes import mapped, read_values
from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import LESIONS
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions
    from covseg_core.volume import LabelVolume

__all__ = ["list_cases"]

_EXPECTED = "tr_im.nii.gz and tr_mask.nii.gz"
_NOTE = "in about HU; patient unknown; pleural effusion is background"


@dataclass(frozen=True, eq=False)
class _Stack:
    """All slices of one file."""

    ct: CTVolume
    lesions: LesionMask | None
    lungs: LungMask | None


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the slices; the two files are read here, as a slice is cut from them.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise, a file is damaged, or a row of
        ``patients.csv`` has no slice.
    GeometryError
        If masks do not lie on their slices.
    """
    root = find_root(folder, _EXPECTED, ("tr_im.nii.gz", "tr_im.nii"))
    files = list_niftis(root)
    if "tr_mask" not in files:
        raise InputRefusedError(
            f"tr_mask.nii.gz is missing beside tr_im.nii.gz; {_EXPECTED} were expected."
        )
    slices = _slices("tr", _labelled(files))
    if "val_im" in files:
        slices |= _slices("val", _Stack(read_nifti_ct(files["val_im"]), None, None))
    patients = patients_of(folder, root, slices)
    return tuple(
        _listed(short, patients.get(short, ""), *place)
        for short, place in slices.items()
    )


def _labelled(files: dict[str, Path]) -> _Stack:
    ct = read_nifti_ct(files["tr_im"])
    values = read_values(files["tr_mask"], (1, 2, 3))
    lesions = turned_onto(mapped(values, {1: 1, 2: 2}, LESIONS), ct.grid)
    lungs = None
    if "tr_lungmasks_updated" in files:
        both = read_values(files["tr_lungmasks_updated"], (1, 2))
        lungs = turned_onto(sided_lungs(both), ct.grid)
    return _Stack(ct, lesions, lungs)


def _slices(part: str, stack: _Stack) -> dict[str, tuple[_Stack, int]]:
    places = range(stack.ct.grid.shape[0])
    return {f"{part}-{place + 1:03d}": (stack, place) for place in places}


def _listed(short: str, patient: str, stack: _Stack, place: int) -> ListedCase:
    name = f"medseg-slice-{short}"
    return ListedCase(name, partial(_case, name, patient or name, stack, place))


def _case(name: str, patient: str, stack: _Stack, place: int) -> CollectedCase:
    lesions = lungs = None
    if stack.lesions is not None:
        lesions = LesionMask(*_cut_mask(stack.lesions, place), LESIONS)
    if stack.lungs is not None:
        lungs = LungMask(*_cut_mask(stack.lungs, place))
    return CollectedCase(
        name, patient, _cut(stack.ct, place), lesions, lungs, note=_NOTE
    )


def _cut(ct: CTVolume, place: int) -> CTVolume:
    padding = None if ct.padding is None else ct.padding[place, None]
    alone = replace(ct, hu=ct.hu[place, None], padding=padding, grid=_plane(ct.grid))
    upright = standardise_ct(alone)
    padding = None if upright.padding is None else upright.padding.copy()
    # Slices were resized when the file was made, so their voxel size is lost.
    return replace(
        upright,
        hu=np.ascontiguousarray(upright.hu),
        padding=padding,
        grid=Grid.from_spacing(upright.grid.shape, (1.0, 1.0, 1.0)),
        source=replace(ct.source, kind="images"),
    )


def _cut_mask(mask: LabelVolume, place: int) -> tuple[np.ndarray, Grid]:
    alone = replace(mask, labels=mask.labels[place, None], grid=_plane(mask.grid))
    labels = np.ascontiguousarray(standardise_mask(alone).labels)
    return labels, Grid.from_spacing(labels.shape, (1.0, 1.0, 1.0))


def _plane(grid: Grid) -> Grid:
    return Grid((1, *grid.shape[1:]), grid.affine_lps)
