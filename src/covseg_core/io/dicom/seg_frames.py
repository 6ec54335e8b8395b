"""Put the frames of a DICOM segmentation on the voxels of a CT, never between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.dicom.elements import integer, items, numbers
from covseg_core.io.dicom.steps import tolerance_mm

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from pydicom.dataset import Dataset

    from covseg_core.volume import Grid

__all__ = ["Plane", "mark_pixels", "planes_of"]

TOLERANCE_MM = 0.01
"""A frame whose pixels lie farther beside the voxels of a slice is of another grid."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Where one frame lies, and whose it is.

    Parameters
    ----------
    number : int
        Of the frame, from 1.
    segment : int or None
        Number of its segment; None if its pixels are segment numbers.
    origin_mm, per_row_mm, per_column_mm : ndarray of float, shape (3,)
        World position of the first pixel, and steps to the next row and column.
    """

    number: int
    segment: int | None
    origin_mm: npt.NDArray[np.float64]
    per_row_mm: npt.NDArray[np.float64]
    per_column_mm: npt.NDArray[np.float64]


def planes_of(seg: Dataset) -> Iterator[Plane]:
    """Tell where each frame lies.

    Raises
    ------
    InputRefusedError
        If the file does not say so.
    """
    shared = next(iter(items(seg, "SharedFunctionalGroupsSequence")), None)
    for number, own in enumerate(items(seg, "PerFrameFunctionalGroupsSequence"), 1):
        groups = [own] if shared is None else [own, shared]
        position = _numbers(groups, "PlanePosition", "ImagePositionPatient", 3)
        axes = _numbers(groups, "PlaneOrientation", "ImageOrientationPatient", 6)
        spacing = _numbers(groups, "PixelMeasures", "PixelSpacing", 2)
        if position is None or axes is None or spacing is None:
            raise InputRefusedError(
                f"frame {number} does not say where it lies in the patient. "
                "Export the segmentation again, together with its CT."
            )
        yield Plane(
            number,
            _segment(groups),
            np.array(position),
            np.array(axes[3:]) * spacing[0],
            np.array(axes[:3]) * spacing[1],
        )


def mark_pixels(
    plane: Plane,
    marked: npt.NDArray[np.bool_],
    grid: Grid,
    voxels: npt.NDArray[np.bool_],
) -> None:
    """Mark the voxels of the marked pixels of a frame.

    Parameters
    ----------
    plane : Plane
        Where the frame lies.
    marked : ndarray of bool, shape (rows, columns)
        Its pixels, at least one of them marked.
    grid : Grid
        Of the CT.
    voxels : ndarray of bool, shape (Z, Y, X)
        On `grid`; written to.

    Raises
    ------
    GeometryError
        If the pixels do not lie on the voxels of the CT.
    """
    first, per_row, per_column = _steps(plane, grid)
    _require_on_voxels(plane, marked.shape, grid, first, per_row, per_column)
    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    part = marked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    start = first + rows[0] * per_row + columns[0] * per_column
    down, along = (part.shape[0] - 1) * per_row, (part.shape[1] - 1) * per_column
    corners = np.stack((start, start + down, start + along, start + down + along))
    if (corners < 0).any() or (corners >= grid.shape).any():
        raise GeometryError(
            f"frame {plane.number} marks pixels outside the CT, which has "
            f"{grid.shape} slices, rows and columns. Give the CT that the "
            "segmentation was drawn on."
        )
    strides = np.array(voxels.strides)
    # Its corners lie within the volume, so all of it does.
    place = np.lib.stride_tricks.as_strided(
        voxels[tuple(slice(index, None) for index in start)],
        part.shape,
        (int(strides @ per_row), int(strides @ per_column)),
    )
    place |= part


def _steps(
    plane: Plane, grid: Grid
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Nearest voxel of the first pixel, and whole steps to the next row and column."""
    first = _index(plane.origin_mm, grid)
    below = _index(plane.origin_mm + plane.per_row_mm, grid)
    beside = _index(plane.origin_mm + plane.per_column_mm, grid)
    start = np.rint(first).astype(np.intp)
    return (
        start,
        np.rint(below - first).astype(np.intp),
        np.rint(beside - first).astype(np.intp),
    )


def _require_on_voxels(
    plane: Plane,
    shape: tuple[int, ...],
    grid: Grid,
    first: npt.NDArray[np.intp],
    per_row: npt.NDArray[np.intp],
    per_column: npt.NDArray[np.intp],
) -> None:
    normal = _normal(grid)
    # Its slices were put at even steps, from positions that may be rounded.
    allowed_mm = tolerance_mm(grid.spacing_mm_zyx[0])
    # Both are affine, so what holds at the corners holds between them.
    for row in (0, shape[0] - 1):
        for column in (0, shape[1] - 1):
            pixel_mm = (
                plane.origin_mm + row * plane.per_row_mm + column * plane.per_column_mm
            )
            voxel_mm = grid.world_mm(first + row * per_row + column * per_column)
            off_mm = pixel_mm - voxel_mm
            across_mm = float(off_mm @ normal)
            within_mm = float(np.linalg.norm(off_mm - across_mm * normal))
            _require_near(plane, within_mm, TOLERANCE_MM)
            _require_near(plane, abs(across_mm), allowed_mm)


def _require_near(plane: Plane, off_mm: float, allowed_mm: float) -> None:
    # A distance that is no number is not near either.
    if not off_mm <= allowed_mm:
        raise GeometryError(
            f"frame {plane.number} lies up to {off_mm:.3g} mm beside the voxels of the "
            f"CT, where at most {allowed_mm:.3g} mm is allowed. Give the CT that the "
            "segmentation was drawn on; it is not resampled."
        )


def _normal(grid: Grid) -> npt.NDArray[np.float64]:
    """Give the unit vector across the slices of a CT."""
    along_row, along_column = grid.affine_lps[:3, 0], grid.affine_lps[:3, 1]
    across = np.cross(along_row, along_column)
    return np.asarray(across / np.linalg.norm(across), np.float64)


def _index(position_mm: npt.NDArray[np.float64], grid: Grid) -> npt.NDArray[np.float64]:
    """World position as a voxel index in array order, with fractions."""
    axes, origin = grid.affine_lps[:3, :3], grid.affine_lps[:3, 3]
    return np.asarray(np.linalg.solve(axes, position_mm - origin)[::-1], np.float64)


def _numbers(
    groups: list[Dataset], macro: str, keyword: str, count: int
) -> tuple[float, ...] | None:
    for group in groups:
        for item in items(group, f"{macro}Sequence"):
            return numbers(item, keyword, count)
    return None


def _segment(groups: list[Dataset]) -> int | None:
    for group in groups:
        for item in items(group, "SegmentIdentificationSequence"):
            return integer(item, "ReferencedSegmentNumber")
    return None
