"""Read somebody's mask onto the scan that is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError
from covseg_core.io import is_nifti
from covseg_core.io.mask_formats import stem_of
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.io.same_voxels import turned_onto
from covseg_core.severity.lung_sides import told_apart
from covseg_core.volume import LesionMask, LungMask
from napari_covseg._convert import LayerTuple, mask_layer
from napari_covseg._files.open import label_set_of
from napari_covseg._files.read_scan import Reading
from napari_covseg._processes.child import in_child

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.volume import CTVolume, Grid

__all__ = ["Imported", "import_as_layer", "import_mask"]


@dataclass(frozen=True, eq=False)
class Imported:
    """What a file held.

    Parameters
    ----------
    lesions : LesionMask or None
        On the grid of the scan as it was read; None if there is no infection.
    origin : MaskOrigin
        Who drew it.
    lungs : LungMask or None
        In the standard orientation; None if there are none.
    told : str
        What was read, and what a careful reader should know.
    """

    lesions: LesionMask | None
    origin: MaskOrigin
    lungs: LungMask | None
    told: str


def import_as_layer(
    path: Path, ct: CTVolume, grid: Grid
) -> Generator[Reading, None, tuple[Imported, LayerTuple | None]]:
    """Read a mask in the child process, and make a layer of it; see `import_mask`."""
    found = yield from in_child(import_mask, path, ct, grid)
    if found.lesions is None:
        return found, None
    return found, mask_layer(found.lesions, stem_of(path.name))


def import_mask(
    path: Path, ct: CTVolume, grid: Grid
) -> Generator[Reading, None, Imported]:
    """Read a DICOM segmentation or a NIfTI mask.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        The scan that it belongs to, in the standard orientation.
    grid : Grid
        The scan's, as it was read.

    Raises
    ------
    InputRefusedError
        If the file is no such mask, or is damaged.
    GeometryError
        If it does not lie on the voxels of the scan.
    """
    from covseg_core.io.dicom.seg import is_dicom_seg

    yield Reading(f"Reading {path.name}")
    if is_dicom_seg(path):
        return _from_dicom(path, ct, grid)
    if is_nifti(path):
        return _from_nifti(path, ct, grid)
    raise InputRefusedError(
        f"{path.name} is neither a DICOM segmentation nor a NIfTI file. Choose a .dcm "
        "with a segmentation, a .nii or a .nii.gz."
    )


def _from_dicom(path: Path, ct: CTVolume, grid: Grid) -> Imported:
    from covseg_core.io.dicom.seg import read_dicom_seg

    found = read_dicom_seg(path, ct)
    told = _told(path, found.lesions, found.lungs, found.notes)
    lesions = None if found.lesions is None else turned_onto(found.lesions, grid)
    return Imported(lesions, found.origin, found.lungs, told)


def _from_nifti(path: Path, ct: CTVolume, grid: Grid) -> Imported:
    from covseg_core.io.nifti import read_nifti_labels

    classes = label_set_of(stem_of(path.name))
    mask = read_nifti_labels(path, classes, allow_unknown=True)
    origin = MaskOrigin("manual")
    if isinstance(mask, LungMask):
        lungs = told_apart(turned_onto(mask, ct.grid))
        told = _told(path, None, lungs, lungs.source.notes)
        return Imported(None, origin, lungs, told)
    lesions = LesionMask(mask.labels, mask.grid, classes, source=mask.source)
    lesions = turned_onto(lesions, grid)
    told = _told(path, lesions, None, lesions.source.notes)
    return Imported(lesions, origin, None, told)


def _told(
    path: Path,
    lesions: LesionMask | None,
    lungs: LungMask | None,
    notes: tuple[str, ...],
) -> str:
    classes = () if lesions is None else lesions.label_set.classes
    kinds = [label.title.lower() for label in classes]
    kinds += [] if lungs is None else ["lungs"]
    listed = " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
    said = f"{path.name} was opened as {listed}."
    return " ".join((said, *(f"Note: {note}." for note in notes)))
