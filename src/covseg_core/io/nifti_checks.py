"""What must hold before the voxels of a NIfTI file can be trusted.

Readers disagree on files that break these rules: some mirror the patient, some
return zeros for the part that is missing.  Each check refuses with a sentence or
returns the notes that a careful user should see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from covseg_core.errors import CovsegError, GeometryError, InputRefusedError
from covseg_core.volume import Grid

__all__ = ["Layout", "grid_of", "layout_of", "parse_header"]

MAX_VOXELS = 2**30
"""More than any chest CT has; what claims more is damaged or hostile."""

_HEADER_BYTES = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_MAGIC = {348: b"n+1\0", 540: b"n+2\0\r\n\x1a\n"}
_DISAGREEMENT_MM = 0.1
_SPACING_MM = (0.01, 100.0)
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_UNIT_METRE, _UNIT_MICRON = 1, 3


@dataclass(frozen=True)
class Layout:
    """How the voxels lie in the file.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X).
    voxel_type : numpy.dtype
        Type on disk, with its byte order.
    offset : int
        Position of the first voxel, in bytes.
    slope, intercept : float
        A value is ``stored * slope + intercept``.
    notes : tuple of str
        What was unusual.
    """

    shape: tuple[int, int, int]
    voxel_type: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    notes: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """Size of all voxels on disk, in bytes."""
        z, y, x = self.shape
        return z * y * x * self.voxel_type.itemsize


def parse_header(block: bytes) -> Any:
    """Read the NIfTI-1 or NIfTI-2 header at the start of `block`.

    Raises
    ------
    InputRefusedError
        If there is none, or its voxels are in a second file.
    """
    for size, kind in _HEADER_BYTES.items():
        if size not in _first_integer(block) or len(block) < size:
            continue
        header = kind(block[:size], check=False)
        magic = bytes(header.binaryblock)[344:348] if size == 348 else block[4:12]
        if magic == _MAGIC[size]:
            return header
        if magic in (b"ni1\0", b"\0\0\0\0"):
            raise InputRefusedError(
                "this is the header of a file pair (.hdr and .img). "
                "Convert the pair to one .nii or .nii.gz file."
            )
    raise InputRefusedError(
        "this is not a NIfTI file: its header is missing or damaged. "
        "Check that the file was copied whole, or export it again."
    )


def _first_integer(block: bytes) -> tuple[int, int]:
    first = block[:4]
    return int.from_bytes(first, "little"), int.from_bytes(first, "big")


def layout_of(header: Any) -> Layout:
    """Say how the voxels lie in the file and what they mean.

    Raises
    ------
    InputRefusedError
        If they are not one volume of real numbers, or cannot be where the header
        says.
    """
    shape, notes = _shape_of(header)
    slope, intercept, more = _scaling_of(header)
    offset = float(header["vox_offset"])
    if not header.sizeof_hdr <= offset < 2**40:
        raise InputRefusedError(
            f"the header says that the voxels start at byte {offset:.6g}, which "
            "cannot be. The file is damaged; export it again."
        )
    return Layout(
        shape, _voxel_type_of(header), int(offset), slope, intercept, notes + more
    )


def _shape_of(header: Any) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    n_axes = int(header["dim"][0])
    if not 1 <= n_axes <= 7:
        raise InputRefusedError(
            f"the header claims {n_axes} axes. The file is damaged; export it again."
        )
    sizes = tuple(int(n) for n in header["dim"][1 : n_axes + 1])
    if min(sizes) < 1 or np.prod(sizes, dtype=float) > MAX_VOXELS:
        raise InputRefusedError(
            f"the header claims {_times(sizes)} voxels, which no chest CT has. "
            "The file is damaged; export it again."
        )
    if len(sizes) < 2 or max(sizes[3:], default=1) > 1:
        raise InputRefusedError(
            f"the file holds {_times(sizes)} voxels; one volume with three axes is "
            "needed. Split the volumes and load one."
        )
    x, y, z = (*sizes, 1)[:3]
    note = f"The file has {n_axes} axes; its one volume was taken."
    return (z, y, x), () if n_axes == 3 else (note,)


def _voxel_type_of(header: Any) -> np.dtype[Any]:
    voxel_type = np.dtype(header.get_data_dtype())
    if voxel_type.kind in "iuf" and voxel_type.itemsize <= 8:
        return voxel_type
    kind = "colours" if voxel_type.kind == "V" else str(voxel_type)
    raise InputRefusedError(
        f"the voxels are {kind}; real numbers of at most 64 bits are needed. "
        "Export the CT as int16 or float32."
    )


def _scaling_of(header: Any) -> tuple[float, float, tuple[str, ...]]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if np.isnan(slope) or slope == 0:
        if not np.isfinite(intercept) or intercept == 0:
            return 1.0, 0.0, ()
        note = (
            f"The header has an intercept of {intercept:g} but no slope. By the NIfTI "
            "standard it was not applied, so the HU may be off by that much."
        )
        return 1.0, 0.0, (note,)
    if np.isinf(slope) or not np.isfinite(intercept):
        raise InputRefusedError(
            f"values cannot be scaled with slope {slope:g} and intercept "
            f"{intercept:g}. The file is damaged; export it again."
        )
    return slope, intercept, ()


def grid_of(header: Any, shape: tuple[int, int, int]) -> tuple[Grid, tuple[str, ...]]:
    """Place the voxels in the patient.

    Parameters
    ----------
    header : nibabel.Nifti1Header or nibabel.Nifti2Header
        Header with the sform and the qform, in RAS.
    shape : tuple of int
        (Z, Y, X).

    Returns
    -------
    Grid
        In LPS, in the voxel order of the disk.
    tuple of str
        What a careful user should know.

    Raises
    ------
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    _require_millimetres(header)
    sform_ras = header.get_sform() if header["sform_code"] > 0 else None
    qform_ras = _qform_ras(header)
    if sform_ras is None and qform_ras is None:
        raise GeometryError(
            "the header has neither an sform nor a usable qform, so left and right "
            "cannot be told. Export the scan again from its DICOM files."
        )
    affine_ras = qform_ras if sform_ras is None else sform_ras
    grid = _upright_grid(shape, affine_ras)
    if sform_ras is None:
        return grid, ()
    _require_same_spacing(header, grid)
    return grid, _notes_on_qform(header, shape, sform_ras, qform_ras)


def _require_millimetres(header: Any) -> None:
    unit = int(header["xyzt_units"]) & 7
    if unit in (_UNIT_METRE, _UNIT_MICRON):
        name = "metres" if unit == _UNIT_METRE else "micrometres"
        raise GeometryError(
            f"the header gives lengths in {name}, which readers treat differently. "
            "Export the scan in millimetres."
        )


def _qform_ras(header: Any) -> npt.NDArray[np.float64] | None:
    if header["qform_code"] <= 0:
        return None
    try:
        affine: npt.NDArray[np.float64] = header.get_qform()
    # nibabel raises several classes for a quaternion that is not one.
    except Exception:  # noqa: BLE001 - such a qform is none
        return None
    return affine if np.isfinite(affine).all() else None


def _upright_grid(shape: tuple[int, int, int], affine_ras: Any) -> Grid:
    try:
        grid = Grid(shape, _RAS_TO_LPS @ np.asarray(affine_ras, np.float64))
    except CovsegError as error:
        raise GeometryError(
            f"{error} Readers place such a scan differently; export it again from "
            "its DICOM files."
        ) from error
    low, high = _SPACING_MM
    if not all(low <= step <= high for step in grid.spacing_mm_zyx):
        raise GeometryError(
            f"voxels of {_mm(grid.spacing_mm_zyx)} cannot be a chest CT. "
            "Export the scan in millimetres."
        )
    if grid.is_sheared:
        raise GeometryError(
            "the axes are not at right angles (a tilted gantry?), which readers "
            "treat differently. Resample the scan to an upright grid."
        )
    return grid


def _require_same_spacing(header: Any, grid: Grid) -> None:
    pixdim = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))[::-1]
    if not np.allclose(pixdim, grid.spacing_mm_zyx, rtol=0.01, atol=0):
        raise GeometryError(
            f"pixdim says that voxels are {_mm(pixdim)}, the sform says "
            f"{_mm(grid.spacing_mm_zyx)}. Volumes would be wrong by one of them; "
            "export the scan again."
        )


def _notes_on_qform(
    header: Any, shape: tuple[int, int, int], sform_ras: Any, qform_ras: Any
) -> tuple[str, ...]:
    if header["qform_code"] <= 0:
        return ()
    if qform_ras is None:
        return ("The qform of the header is unusable; the sform was taken.",)
    z, y, x = shape
    corners = np.stack(
        np.meshgrid((0, x - 1), (0, y - 1), (0, z - 1), (1,)), axis=-1
    ).reshape(-1, 4)
    apart = corners @ (np.asarray(sform_ras) - np.asarray(qform_ras)).T
    furthest = float(np.linalg.norm(apart[:, :3], axis=1).max())
    if furthest <= _DISAGREEMENT_MM:
        return ()
    return (
        f"The sform and the qform of the header place voxels up to {furthest:.3g} mm "
        "apart; the sform was taken. Other programs may show the scan elsewhere.",
    )


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in sizes)


def _mm(spacing: Any) -> str:
    return " x ".join(f"{step:.4g}" for step in spacing) + " mm"
