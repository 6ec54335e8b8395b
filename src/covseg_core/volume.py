"""A chest CT and its masks on one voxel grid.

Stated once, for the whole project:

* arrays are indexed ``[slice, row, column]``, written (Z, Y, X);
* world coordinates are LPS in millimetres: x grows to the patient's left,
  y to the back, z to the head;
* `Grid.affine_lps` maps a voxel index in the order *(column, row, slice)*,
  that is (x, y, z), to the world position of that voxel's centre.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from covseg_core.errors import GeometryError
from covseg_core.labels import INFECTION, LESIONS, LOBES, LUNGS, LabelSet

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RESEARCH_ONLY",
    "SYNTHETIC",
    "SYNTHETIC_NOTE",
    "CTVolume",
    "Grid",
    "LabelVolume",
    "LesionMask",
    "LobeMask",
    "LungMask",
    "SliceImage",
    "Source",
    "words_on_gap",
]

RESEARCH_ONLY = "For research use only; not for diagnosis."
"""What everything says that is made of a scan."""
SYNTHETIC = "SYNTHETIC"
"""How the description of a scan begins, in every format, that a model made."""
SYNTHETIC_NOTE = "This scan is synthetic: a model made it, no scanner measured it."

SAME_PLACE = 0.49
"""Of the smallest edge of a voxel: what lies half of it apart was shifted."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of an array lie in the patient.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X), each at least 1.
    affine_lps : ndarray of float, shape (4, 4)
        Voxel index (x, y, z, 1) to LPS millimetres.

    Raises
    ------
    GeometryError
        If the affine is not finite, is singular or has another last row.
    """

    shape: tuple[int, int, int]
    affine_lps: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Copy the affine, freeze it and check it."""
        affine = np.array(self.affine_lps, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError(
                f"an affine must be 4x4 and finite, got shape {affine.shape}."
            )
        if not np.array_equal(affine[3], (0, 0, 0, 1)):
            raise GeometryError(
                f"the last row of an affine must be 0 0 0 1, got {affine[3]}."
            )
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise GeometryError("the affine is singular: a voxel has no volume.")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"a grid needs a shape (Z, Y, X), got {self.shape}.")
        affine.setflags(write=False)
        object.__setattr__(self, "affine_lps", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def from_spacing(
        cls,
        shape: tuple[int, int, int],
        spacing_mm_zyx: tuple[float, float, float],
        origin_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> Grid:
        """Make an upright axial grid.

        Parameters
        ----------
        shape : tuple of int
            (Z, Y, X).
        spacing_mm_zyx : tuple of float
            Distance of voxel centres along each array axis, in mm.
        origin_lps_mm : tuple of float
            World position of voxel (0, 0, 0).
        """
        affine = np.diag([*spacing_mm_zyx[::-1], 1.0])
        affine[:3, 3] = origin_lps_mm
        return cls(shape, affine)

    @property
    def spacing_mm_zyx(self) -> tuple[float, float, float]:
        """Distance of voxel centres along each array axis, in mm."""
        x, y, z = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        return float(z), float(y), float(x)

    @property
    def origin_lps_mm(self) -> tuple[float, float, float]:
        """World position of voxel (0, 0, 0), in mm."""
        x, y, z = self.affine_lps[:3, 3]
        return float(x), float(y), float(z)

    @property
    def direction_lps(self) -> npt.NDArray[np.float64]:
        """Unit vectors of columns x, y, z as the columns of a 3x3 matrix."""
        axes = self.affine_lps[:3, :3]
        return np.asarray(axes / np.linalg.norm(axes, axis=0))

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel, in millilitres."""
        return float(abs(np.linalg.det(self.affine_lps[:3, :3]))) / 1000.0

    @property
    def is_sheared(self) -> bool:
        """Whether two axes are more than 0.06 degrees from a right angle."""
        cosines = self.direction_lps.T @ self.direction_lps - np.eye(3)
        return bool(np.abs(cosines).max() > 1e-3)

    def world_mm(self, index_zyx: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map voxel indices (..., 3) in array order to LPS millimetres."""
        index_xyz = np.asarray(index_zyx, dtype=np.float64)[..., ::-1]
        return np.asarray(
            index_xyz @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3]
        )

    def __str__(self) -> str:
        """Shape and spacing, in words."""
        spacing = " x ".join(f"{step:.3g}" for step in self.spacing_mm_zyx)
        return f"{self.shape} at {spacing} mm"

    def matches(self, other: Grid) -> bool:
        """Whether both grids have the same voxels in the same places.

        Nowhere may they lie half the smallest edge of a voxel apart along any axis.  A
        spacing that was rounded stays below that; a shift by a slice never does.
        """
        if self.shape != other.shape:
            return False
        smallest_mm = min(*self.spacing_mm_zyx, *other.spacing_mm_zyx)
        along_axes = np.abs(self._gaps_mm(other) @ self.direction_lps)
        return bool(along_axes.max() <= SAME_PLACE * smallest_mm)

    def apart_mm(self, other: Grid) -> float:
        """How far the voxels of grids of one shape lie apart at most."""
        return float(np.linalg.norm(self._gaps_mm(other), axis=1).max())

    def _gaps_mm(self, other: Grid) -> npt.NDArray[np.float64]:
        """Lead from the corners of `other` to ours, (8, 3), in LPS millimetres."""
        # Outer corners: those of a single slice tell how thick it is.
        corners = np.indices((2, 2, 2)).reshape(3, -1).T * self.shape - 0.5
        return self.world_mm(corners) - other.world_mm(corners)


@dataclass(frozen=True)
class Source:
    """Where a volume came from, told without any patient data.

    Parameters
    ----------
    kind : {"dicom", "nifti", "images", "phantom", "memory"}
        Kind of files that were read.
    paths : tuple of str
        The files of the volume in slice order; kept in memory only, as a path
        may hold a name.
    series_uid : str
        (0020,000E) *Series Instance UID*, empty when there is none.
    ignored : tuple of str
        What else was in the folder, and why it was left out.
    notes : tuple of str
        What a careful reader should know about the volume.
    details : Mapping
        Facts for display, such as ``window_centre`` of the DICOM header.
    is_synthetic : bool
        Whether the voxels were made by a model; no scanner measured them.
    outlined_by : str
        Name of the model that outlined a mask just now; empty if it was read or drawn.
    """

    kind: Literal["dicom", "nifti", "images", "phantom", "memory"] = "memory"
    paths: tuple[str, ...] = ()
    series_uid: str = ""
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    is_synthetic: bool = False
    outlined_by: str = ""


@dataclass(frozen=True, eq=False)
class CTVolume:
    """A chest CT on its grid.

    Parameters
    ----------
    hu : ndarray of float32, shape (Z, Y, X)
        Hounsfield units; grey levels 0-255 when `is_hu` is false.
    grid : Grid
        Where the voxels lie.
    is_hu : bool
        False for 8-bit windowed images, whose HU figures would be wrong.
    padding : ndarray of bool, shape (Z, Y, X), optional
        Voxels outside the scanner's field of view; they hold air and take no
        part in statistics.
    source : Source
        Where the volume came from.

    Raises
    ------
    GeometryError
        If an array does not have the shape of the grid.
    """

    hu: npt.NDArray[np.float32]
    grid: Grid
    is_hu: bool = True
    padding: npt.NDArray[np.bool_] | None = None
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        """Check that the arrays lie on the grid."""
        _require_shape("CT", self.hu.shape, self.grid)
        if self.padding is not None:
            _require_shape("padding", self.padding.shape, self.grid)

    @property
    def is_picture(self) -> bool:
        """Whether this is one 8-bit slice, which networks are shown whole."""
        return not self.is_hu and self.grid.shape[0] == 1

    @property
    def measured_hu(self) -> npt.NDArray[np.float32]:
        """The voxels that the scanner measured, (N,), padding left out."""
        return self.hu.ravel() if self.padding is None else self.hu[~self.padding]


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A mask on its grid; see `LesionMask` and `LungMask`.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values; 0 is background.
    grid : Grid
        Where the voxels lie.
    label_set : LabelSet
        What the values mean.
    source : Source
        Where the mask came from.

    Raises
    ------
    GeometryError
        If `labels` does not have the shape of the grid.
    """

    labels: npt.NDArray[np.uint8]
    grid: Grid
    label_set: LabelSet
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        """Check that the labels lie on the grid."""
        _require_shape("mask", self.labels.shape, self.grid)

    @property
    def volumes_ml(self) -> dict[str, float]:
        """Volume of each class by its key, in millilitres."""
        counts = np.bincount(self.labels.ravel(), minlength=256)
        return {
            label.key: float(counts[label.value]) * self.grid.voxel_ml
            for label in self.label_set.classes
        }

    def require_on(self, ct: CTVolume) -> None:
        """Raise `GeometryError` unless the mask lies on the grid of `ct`."""
        if not self.grid.matches(ct.grid):
            raise GeometryError(
                f"the mask {self.grid} does not lie on the CT {ct.grid}"
                f"{words_on_gap(self.grid, ct.grid)}. "
                "Resample the mask to the CT before scoring or exporting it."
            )


@dataclass(frozen=True, eq=False)
class LesionMask(LabelVolume):
    """Infected tissue: `labels.LESIONS` or, single-label, `labels.INFECTION`."""

    label_set: LabelSet = LESIONS

    @property
    def is_multi(self) -> bool:
        """Whether opacity and consolidation are told apart."""
        return self.label_set.name != INFECTION.name


@dataclass(frozen=True, eq=False)
class LungMask(LabelVolume):
    """The lungs: 1 the patient's right one, 2 the left one."""

    label_set: LabelSet = LUNGS


@dataclass(frozen=True, eq=False)
class LobeMask(LabelVolume):
    """The five lobes of the lungs, see `labels.LOBES`."""

    label_set: LabelSet = LOBES


@dataclass(frozen=True, eq=False)
class SliceImage:
    """One axial slice as an 8-bit picture in a lung window, not in HU.

    Parameters
    ----------
    grey : ndarray of uint8, shape (H, W)
        Grey levels; patient's right at the left edge, front at the top.
    name : str
        File name without folder.
    """

    grey: npt.NDArray[np.uint8]
    name: str


def _require_shape(what: str, shape: tuple[int, ...], grid: Grid) -> None:
    if shape != grid.shape:
        raise GeometryError(
            f"{what} has shape {shape} but its grid has {grid.shape}; "
            "both must be (Z, Y, X)."
        )


def words_on_gap(mask: Grid, scan: Grid) -> str:
    """Say how far voxels lie apart, where shape and spacing do not tell grids apart."""
    if str(mask) != str(scan):
        return ""
    return f": their voxels lie up to {mask.apart_mm(scan):.2f} mm apart"
