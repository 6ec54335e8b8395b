"""Write masks as a DICOM segmentation of the series that their CT came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from pydicom import config
from pydicom.uid import generate_uid

from covseg_core import __version__
from covseg_core.errors import UsageError
from covseg_core.io.atomic import misread, write_atomically
from covseg_core.io.dicom.derived import MANUFACTURER, MODEL_NAME, describe
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.seg_segments import describe_segment
from covseg_core.io.dicom.seg_source import name_frames, seg_source
from covseg_core.io.dicom.source_series import source_series_of
from covseg_core.io.same_voxels import in_order_of
from covseg_core.io.terminology import classes_of
from covseg_core.labels import INFECTION, LUNGS, UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.io.dicom.source_series import SourceSeries
    from covseg_core.io.mask_origin import TracedMask
    from covseg_core.labels import LabelClass
    from covseg_core.volume import CTVolume, Grid, LabelVolume

    Piece = tuple[LabelClass, TracedMask]

__all__ = ["SegKind", "write_dicom_seg"]

SegKind: TypeAlias = Literal["BINARY", "LABELMAP"]

_SERIES_NUMBER = 9001


def write_dicom_seg(
    path: Path, ct: CTVolume, masks: Sequence[TracedMask], *, kind: SegKind = "BINARY"
) -> None:
    """Write masks as one segmentation, with an empty frame where nothing is marked.

    Patient and study are those of the CT's own files.  Frames lie on the grid of
    the scan and name the slice that they show.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    masks : sequence of TracedMask
        At most one of infection and one of the lungs, on the voxels of the CT.
    kind : {"BINARY", "LABELMAP"}
        How pixels are stored; a label map holds one mask only.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM, or a label map shall hold two masks.
    InputRefusedError
        If the CT's files are gone or changed.
    GeometryError
        If a mask does not lie on the voxels of the CT.
    OutputError
        If the file cannot be written; what was at `path` is untouched.
    """
    if kind == "LABELMAP" and len(masks) != 1:
        raise UsageError(
            f"{len(masks)} masks may overlap, which a label map cannot hold; write "
            "each into a file of its own, or choose BINARY."
        )
    series = source_series_of(ct)
    with quiet(), config.disable_value_validation():
        seg = _segmentation(series, masks, kind)
        seg.SeriesDescription = describe("Lung infection", ct.source)
        write_atomically(
            path,
            lambda temporary: seg.save_as(temporary),
            lambda temporary: _require_written(temporary, ct, masks, path.name),
        )


def _segmentation(
    series: SourceSeries, masks: Sequence[TracedMask], kind: SegKind
) -> Any:
    from highdicom.seg import Segmentation

    pieces = _pieces(masks)
    seg = Segmentation(
        seg_source(series),
        _pixels(pieces, series.grid),
        kind,
        [
            describe_segment(number, label, traced.origin)
            for number, (label, traced) in enumerate(pieces, 1)
        ],
        series_instance_uid=generate_uid(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=__version__,
        device_serial_number="none",
        content_label="LUNG_INFECTION",
        content_description="Lung infection, research use only",
        # Without empty frames some readers would cut the volume short.
        omit_empty_frames=False,
    )
    # An element that must be there, if empty; highdicom leaves it out.
    seg.ContentCreatorName = ""
    name_frames(seg, series)
    return seg


def _pieces(masks: Sequence[TracedMask]) -> list[Piece]:
    return [
        (label, traced)
        for traced in masks
        for label in classes_of(
            traced.mask.label_set, with_unknown=_has_unknown(traced.mask)
        )
    ]


def _has_unknown(mask: LabelVolume) -> bool:
    has_classes = mask.label_set.name != INFECTION.name
    return has_classes and bool((mask.labels == UNKNOWN_CLASS).any())


def _pixels(pieces: list[Piece], grid: Grid) -> npt.NDArray[np.uint8]:
    """Segment numbers (Z, Y, X), or 0 and 1 in (Z, Y, X, segments) if two overlap."""
    marked = [_marked(label, traced.mask, grid) for label, traced in pieces]
    if len({id(traced) for _, traced in pieces}) > 1:
        return np.stack(marked, axis=-1).astype(np.uint8)
    numbers = np.zeros(grid.shape, np.uint8)
    for number, voxels in enumerate(marked, 1):
        numbers[voxels] = number
    return numbers


def _marked(label: LabelClass, mask: LabelVolume, grid: Grid) -> npt.NDArray[np.bool_]:
    labels = in_order_of(grid, mask.labels, mask.grid)
    if mask.label_set.name == INFECTION.name:
        return labels > 0
    return labels == label.value


def _require_written(
    written: Path, ct: CTVolume, masks: Sequence[TracedMask], name: str
) -> None:
    found = read_dicom_seg(written, ct)
    for traced in masks:
        mask = traced.mask
        is_lungs = mask.label_set.name == LUNGS.name
        again = found.lungs if is_lungs else found.lesions
        meant = in_order_of(ct.grid, mask.labels, mask.grid)
        if mask.label_set.name == INFECTION.name:
            meant = (meant > 0).astype(np.uint8)
        if again is None or not np.array_equal(again.labels, meant):
            raise misread(name)
