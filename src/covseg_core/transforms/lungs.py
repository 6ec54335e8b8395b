"""Find the two lungs by threshold, connected components and watershed.

A first version that needs no network: air inside the body, without the
airways, each lung smoothed so that dense disease at its border stays inside as
far as its outline tells.  Wholly consolidated lobes are missed.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.morphology import remove_small_holes
from skimage.segmentation import watershed

from covseg_core.errors import InputRefusedError
from covseg_core.labels import Lung
from covseg_core.transforms.orient import Orientation, standardise_ct
from covseg_core.volume import CTVolume, LungMask

__all__ = ["find_lungs"]

_Bool: TypeAlias = npt.NDArray[np.bool_]
_Mm: TypeAlias = tuple[float, float, float]

AIR_BELOW_HU = -400.0
WORK_SPACING_MM = 2.0
SMALLEST_LUNG_ML = 100.0
"""A lone air space below this is bowel, stomach or trachea, not a lung."""
EROSIONS_MM = (4.0, 6.0, 8.0, 10.0)
"""Tried in turn until airways and the two lungs come apart."""
CLOSING_MM = 12.0
LARGEST_HOLE_MM2 = 800.0


def find_lungs(ct: CTVolume) -> LungMask:
    """Find the right and the left lung.

    Parameters
    ----------
    ct : CTVolume
        In any orientation, in HU or in grey levels.

    Returns
    -------
    LungMask
        On the grid of `ct`; 1 the patient's right lung, 2 the left one.

    Raises
    ------
    InputRefusedError
        If there is no air space inside the body as large as a lung.

    Notes
    -----
    Works in the plane at about 2 mm; the border of the mask is that coarse.
    """
    turn = Orientation(ct.grid)
    standard = standardise_ct(ct)
    dz, dy, dx = standard.grid.spacing_mm_zyx
    steps = _step(dy), _step(dx)
    coarse = np.ascontiguousarray(standard.hu[:, :: steps[0], :: steps[1]])
    spacing = dz, dy * steps[0], dx * steps[1]

    inside = _air_inside_body(coarse < _air_threshold(ct, coarse))
    lungs = _name_sides(_close(_split(inside, spacing), spacing))
    fine = _refine(lungs, steps, standard.hu.shape)
    return LungMask(np.ascontiguousarray(turn.undo(fine)), ct.grid)


def _step(spacing_mm: float) -> int:
    return max(1, round(WORK_SPACING_MM / spacing_mm))


def _air_threshold(ct: CTVolume, grey: npt.NDArray[np.float32]) -> float:
    if ct.is_hu:
        return AIR_BELOW_HU
    return float(threshold_otsu(grey)) if np.ptp(grey) > 0 else 0.0


def _air_inside_body(air: _Bool) -> _Bool:
    """Drop, slice by slice, the air that touches the border of the picture."""
    inside = np.zeros_like(air)
    for z, plane in enumerate(air):
        # A frame of air joins what a table or an arm has cut off at the border.
        framed = label(np.pad(plane, 1, constant_values=True), connectivity=1)
        inside[z] = plane & (framed != framed[0, 0])[1:-1, 1:-1]
    return inside


def _split(inside: _Bool, spacing: _Mm) -> npt.NDArray[np.int32]:
    """Give every voxel of the two lungs its own number, 1 or 2; airways go."""
    voxel_ml = float(np.prod(spacing)) / 1000.0
    depth = ndimage.distance_transform_edt(inside, sampling=(1e6, *spacing[1:]))
    for erosion in EROSIONS_MM:
        cores = label(depth > erosion)
        sizes = np.bincount(cores.ravel())
        sizes[0] = 0
        largest = np.argsort(sizes)[::-1][:2]
        if _are_two_lungs(sizes[largest] * voxel_ml):
            return _grow(inside, depth, cores, largest)
    return _halve(inside, spacing)


def _are_two_lungs(volumes_ml: npt.NDArray[np.floating]) -> bool:
    return bool(
        len(volumes_ml) == 2
        and volumes_ml[0] >= SMALLEST_LUNG_ML / 2
        and volumes_ml[1] >= 0.15 * volumes_ml[0]
    )


def _grow(
    inside: _Bool,
    depth: npt.NDArray[np.float64],
    cores: npt.NDArray[np.int32],
    largest: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:
    """Grow the cores back; small cores (airways, bowel) hold their own ground."""
    flooded = watershed(-depth, markers=cores, mask=inside)
    lungs = np.zeros(inside.shape, np.int32)
    for number, core in enumerate(largest, start=1):
        lungs[flooded == core] = number
    return lungs


def _halve(inside: _Bool, spacing: _Mm) -> npt.NDArray[np.int32]:
    """Part one air space at the middle of its width, as when lungs touch."""
    spaces = label(inside)
    sizes = np.bincount(spaces.ravel())
    sizes[0] = 0
    volume_ml = sizes.max() * float(np.prod(spacing)) / 1000.0
    if volume_ml < SMALLEST_LUNG_ML:
        raise InputRefusedError(
            f"no lungs were found: the largest air space inside the body holds "
            f"{volume_ml:.0f} ml and a lung at least {SMALLEST_LUNG_ML:.0f} ml. "
            "covseg needs a CT of the whole chest; choose another series or "
            "give a lung mask."
        )
    space = spaces == sizes.argmax()
    columns = np.flatnonzero(space.any(axis=(0, 1)))
    right = np.arange(space.shape[2]) < (columns[0] + columns[-1]) / 2
    return np.where(space, np.where(right, 1, 2), 0).astype(np.int32)


def _close(lungs: npt.NDArray[np.int32], spacing: _Mm) -> npt.NDArray[np.int32]:
    """Close each lung in the plane, so that vessels and border disease go in."""
    closed = np.zeros_like(lungs)
    # The other lung keeps its own voxels whatever the order.
    for number in (1, 2):
        smooth = np.stack([_close_plane(plane == number, spacing) for plane in lungs])
        closed[smooth & (closed == 0)] = number
    return np.where(lungs > 0, lungs, closed)


def _close_plane(plane: _Bool, spacing: _Mm) -> _Bool:
    if not plane.any():
        return plane
    border = int(np.ceil(CLOSING_MM / min(spacing[1:]))) + 1
    padded = np.pad(plane, border)
    sampling = spacing[1:]
    grown = ndimage.distance_transform_edt(~padded, sampling=sampling) <= CLOSING_MM
    shrunk = ndimage.distance_transform_edt(grown, sampling=sampling) > CLOSING_MM
    closed = shrunk | padded
    # A larger hole is no vessel but the dome of the diaphragm.
    hole_pixels = round(LARGEST_HOLE_MM2 / (sampling[0] * sampling[1]))
    filled = remove_small_holes(closed, max_size=hole_pixels)
    return np.asarray(filled[border:-border, border:-border])


def _name_sides(lungs: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    first, second = ndimage.center_of_mass(lungs > 0, lungs, (1, 2))
    # Columns grow to the patient's left.
    right, left = (1, 2) if first[2] < second[2] else (2, 1)
    named = np.zeros(lungs.shape, np.uint8)
    named[lungs == right] = Lung.RIGHT
    named[lungs == left] = Lung.LEFT
    return named


def _refine(
    lungs: npt.NDArray[np.uint8], steps: tuple[int, int], shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    """Repeat the coarse voxels, each centred on the voxel that it was taken from."""
    rows, columns = (
        np.minimum((np.arange(n) + step // 2) // step, coarse - 1)
        for n, coarse, step in zip(shape[1:], lungs.shape[1:], steps, strict=True)
    )
    return lungs[:, rows[:, None], columns]
