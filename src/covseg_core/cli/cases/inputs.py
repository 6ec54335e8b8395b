"""Read scans and masks for the case store, pictures of single slices too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.io import read_ct
from covseg_core.io.dicom.seg import SegMasks, is_dicom_seg, read_dicom_seg
from covseg_core.io.images import is_picture, read_picture_ct
from covseg_core.io.same_voxels import turned_onto
from covseg_core.labels import LABEL_SETS, LUNGS
from covseg_core.severity.lung_sides import told_apart
from covseg_core.volume import (
    CTVolume,
    Grid,
    LesionMask,
    LungMask,
)

__all__ = ["read_lesions", "read_lungs", "read_scan"]

LOSSLESS = (".png", ".bmp")


def read_scan(path: Path, series: str | None) -> CTVolume:
    """Read a scan, or one picture as a scan of one slice that is not in HU."""
    if not is_picture(path):
        return read_ct(path, series_uid=series)
    if series is not None:
        raise UsageError("a picture holds one slice; leave --series away.")
    return read_picture_ct(path)


def read_lesions(path: Path, grid: Grid, label_set: str) -> LesionMask:
    """Read a mask of infection and turn it onto the grid of its scan.

    255 means infected, of no known class; where there is one class it is that one.
    A DICOM segmentation says itself what its labels mean.
    """
    if is_dicom_seg(path):
        lesions = _read_seg(path, grid).lesions
        if lesions is None:
            raise InputRefusedError(
                f"{path.name} has lungs only; segments of infection are needed."
            )
        return lesions
    from covseg_core.collections.volumes import of_known_class, read_lesions_on

    if not _is_picture(path):
        return read_lesions_on(grid, path, label_set)
    return of_known_class(LesionMask(_picture(path), grid, LABEL_SETS[label_set]))


def read_lungs(path: Path, grid: Grid) -> LungMask:
    """Read a lung mask, 1 right and 2 left, and turn it onto the grid of its scan.

    The sides of a mask with one value for both lungs are told apart, with a note.
    """
    if is_dicom_seg(path):
        lungs = _read_seg(path, grid).lungs
        if lungs is None:
            raise InputRefusedError(
                f"{path.name} has no segment of a lung with its side."
            )
        return lungs
    if _is_picture(path):
        labels = _picture(path)
        if labels.max() > max(LUNGS.values):
            raise InputRefusedError(
                f"{path.name} holds the value {labels.max()}; a lung mask may hold "
                "only 0, 1 for the right lung and 2 for the left one."
            )
        return LungMask(labels, grid)
    from covseg_core.io.nifti import read_nifti_labels

    read = read_nifti_labels(path, LUNGS)
    lungs = LungMask(read.labels, read.grid, source=read.source)
    return turned_onto(told_apart(lungs), grid)


def _read_seg(path: Path, grid: Grid) -> SegMasks:
    # Only the grid of the scan counts here, so its voxels take no memory.
    ct = CTVolume(np.broadcast_to(np.float32(0), grid.shape), grid)
    return read_dicom_seg(path, ct)


def _is_picture(path: Path) -> bool:
    if is_picture(path) and path.suffix.lower() not in LOSSLESS:
        raise UsageError(
            f"the mask {path.name!r} is a JPEG, which changes values. Save it as PNG."
        )
    return path.suffix.lower() in LOSSLESS


def _picture(path: Path) -> npt.NDArray[np.uint8]:
    from covseg_core.io.images import read_slice

    grey = read_slice(path).grey
    return grey.reshape(1, *grey.shape)
