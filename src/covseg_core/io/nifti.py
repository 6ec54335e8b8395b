"""Read and write NIfTI files: CT, masks and probability maps.

On disk a NIfTI volume is indexed (x, y, z) and placed in RAS; in memory it is
(Z, Y, X) in LPS.  The voxel order is kept, so a mask that is written back has
the affine of the CT that it was drawn on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from covseg_core.errors import (
    GeometryError,
    OutputError,
    UsageError,
)
from covseg_core.io.atomic import misread, write_atomically
from covseg_core.io.nifti_stream import read_stored
from covseg_core.io.nifti_values import intensities_of, labels_of
from covseg_core.io.refusing import refusing
from covseg_core.labels import INFECTION, LESIONS, LUNGS, LabelSet
from covseg_core.volume import (
    SYNTHETIC,
    SYNTHETIC_NOTE,
    CTVolume,
    Grid,
    LabelVolume,
    LesionMask,
    LungMask,
    Source,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "read_nifti_ct",
    "read_nifti_labels",
    "write_nifti_ct",
    "write_nifti_labels",
    "write_nifti_map",
    "write_nifti_probabilities",
]

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MOST_VOXELS_ALONG_AN_AXIS = 2**15 - 1
_SCANNER = 1


def read_nifti_ct(path: Path) -> CTVolume:
    """Read a chest CT from a ``.nii`` or ``.nii.gz`` file.

    Parameters
    ----------
    path : Path
        One volume in Hounsfield units; values from 0 to 255 are taken for a
        windowed image.

    Returns
    -------
    CTVolume
        In the voxel order of the disk; ``source.notes`` tells what was cleaned.

    Raises
    ------
    InputRefusedError
        If the file is no NIfTI, is damaged, or is not one volume of CT values.
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    with refusing(path, "NIfTI file"):
        stored = read_stored(path)
        values = intensities_of(stored)
    notes = stored.notes + values.notes
    if stored.is_synthetic:
        notes += (SYNTHETIC_NOTE,)
    source = Source(
        "nifti", paths=(str(path),), notes=notes, is_synthetic=stored.is_synthetic
    )
    return CTVolume(values.hu, stored.grid, values.is_hu, values.padding, source)


def read_nifti_labels(
    path: Path, label_set: LabelSet, *, allow_unknown: bool = False
) -> LabelVolume:
    """Read a mask from a ``.nii`` or ``.nii.gz`` file.

    What had to be cleaned stands in the notes of its source.

    Parameters
    ----------
    path : Path
        One volume of labels.
    label_set : LabelSet
        What the values mean.
    allow_unknown : bool
        Let `labels.UNKNOWN_CLASS` pass, for training.

    Returns
    -------
    LungMask, LesionMask or LabelVolume
        As `label_set` says, in the voxel order of the disk.

    Raises
    ------
    InputRefusedError
        If the file is damaged or holds other values.
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    with refusing(path, "NIfTI file"):
        stored = read_stored(path)
        labels, notes = labels_of(stored, label_set, allow_unknown=allow_unknown)
    source = Source("nifti", paths=(str(path),), notes=stored.notes + notes)
    return _mask_type(label_set)(labels, stored.grid, label_set, source)


def write_nifti_ct(path: Path, ct: CTVolume) -> None:
    """Write a CT, as int16 if that loses nothing and else as float32.

    The description of a synthetic one says so, and `read_nifti_ct` knows it again.

    Raises
    ------
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """
    limits = np.iinfo(np.int16)
    fits = (
        ct.hu.min() >= limits.min
        and ct.hu.max() <= limits.max
        and np.array_equal(ct.hu, np.rint(ct.hu))
    )
    description = f"{SYNTHETIC} by covseg" if ct.source.is_synthetic else ""
    voxels = ct.hu.astype(np.int16 if fits else np.float32)
    _write(path, voxels, ct.grid, description)


def write_nifti_labels(path: Path, mask: LabelVolume) -> None:
    """Write a mask as uint8, on the grid that it has in memory.

    Raises
    ------
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """
    _write(path, mask.labels.astype(np.uint8), mask.grid)


def write_nifti_probabilities(
    path: Path, probabilities: npt.NDArray[np.float32], grid: Grid
) -> None:
    """Write probability maps, the classes as the fourth axis on disk.

    Parameters
    ----------
    path : Path
        A ``.nii`` or ``.nii.gz`` file.
    probabilities : ndarray of float32, shape (C, Z, Y, X)
        One map per class.
    grid : Grid
        Where the voxels lie.

    Raises
    ------
    GeometryError
        If the maps do not lie on `grid`.
    OutputError
        If they cannot be written; what was at `path` is untouched.
    """
    if probabilities.ndim != 4 or probabilities.shape[1:] != grid.shape:
        raise GeometryError(
            f"probability maps have shape {probabilities.shape}; (classes, Z, Y, X) on "
            f"a grid of {grid.shape} is needed."
        )
    _write(path, probabilities.astype(np.float32), grid)


def write_nifti_map(path: Path, values: npt.NDArray[np.float32], grid: Grid) -> None:
    """Write one number per voxel, such as an uncertainty, as float32.

    Raises
    ------
    GeometryError
        If `values`, (Z, Y, X), do not lie on `grid`.
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """
    if values.shape != grid.shape:
        raise GeometryError(
            f"the map has shape {values.shape}; {grid.shape} is needed to lie on its "
            "grid."
        )
    _write(path, values.astype(np.float32), grid)


def _mask_type(label_set: LabelSet) -> type[LabelVolume]:
    if label_set.name == LUNGS.name:
        return LungMask
    if label_set.name in (LESIONS.name, INFECTION.name):
        return LesionMask
    return LabelVolume


def _write(
    path: Path, voxels: npt.NDArray[Any], grid: Grid, description: str = ""
) -> None:
    """Write (..., Z, Y, X) voxels and compare what can be read back."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        raise UsageError(f"{path.name} must end in .nii or .nii.gz.")
    if max(voxels.shape) > _MOST_VOXELS_ALONG_AN_AXIS:
        raise OutputError(
            f"{path.name}: a NIfTI file holds at most {_MOST_VOXELS_ALONG_AN_AXIS} "
            f"voxels along an axis, the volume has {max(voxels.shape)}."
        )
    image = _image_of(voxels, grid)
    image.header["descrip"] = description.encode()
    write_atomically(
        path,
        lambda temporary: nib.save(image, temporary),
        lambda temporary: _require_equal(temporary, voxels, grid, path.name),
    )


def _image_of(voxels: npt.NDArray[Any], grid: Grid) -> nib.Nifti1Image:
    affine_ras = _LPS_TO_RAS @ grid.affine_lps
    image = nib.Nifti1Image(voxels.T, affine_ras)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine_ras, _SCANNER)
    if not grid.is_sheared:
        # A qform cannot say a shear.
        image.set_qform(affine_ras, _SCANNER)
    return image


def _require_equal(
    written: Path, voxels: npt.NDArray[Any], grid: Grid, name: str
) -> None:
    image = nib.Nifti1Image.from_filename(written, mmap=False)
    affine_ras = _LPS_TO_RAS @ grid.affine_lps
    same_place = np.allclose(image.affine, affine_ras, rtol=1e-6, atol=1e-3)
    if not same_place or not np.array_equal(
        np.asanyarray(image.dataobj).T, voxels, equal_nan=voxels.dtype.kind == "f"
    ):
        raise misread(name)
