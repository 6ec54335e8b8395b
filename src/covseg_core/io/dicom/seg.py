"""Read a DICOM segmentation onto the CT that it was drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import dcmread

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import integer, items, quiet, text
from covseg_core.io.dicom.parse import (
    looks_like_dicom,
    read_header,
    transfer_syntax_of,
)
from covseg_core.io.dicom.seg_frames import Plane, mark_pixels, planes_of
from covseg_core.io.dicom.seg_meaning import Meaning, meaning_of, name_of_segment
from covseg_core.io.dicom.seg_origin import origin_of
from covseg_core.io.refusing import refusing
from covseg_core.labels import INFECTION, LESIONS, UNKNOWN_CLASS, Lesion, Lung
from covseg_core.volume import LesionMask, LungMask, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.io.mask_origin import MaskOrigin
    from covseg_core.volume import CTVolume

    Found = dict[Meaning, npt.NDArray[np.bool_]]

__all__ = ["SegMasks", "is_dicom_seg", "read_dicom_seg"]

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.7"
MAX_PIXELS = 2**31
"""Of all frames; more than five segments on a fine CT have."""


@dataclass(frozen=True, eq=False)
class SegMasks:
    """The masks of a segmentation, on the grid of its CT.

    Parameters
    ----------
    lesions : LesionMask or None
        Ground glass and consolidation, or infection of one class; None if no
        segment means any.  `labels.UNKNOWN_CLASS` where there are classes and a
        voxel is infection of none of them.
    lungs : LungMask or None
        The lungs; None if no segment means one.
    notes : tuple of str
        What was left out or decided.
    origin : MaskOrigin
        Who drew the segments that are used, the least trusted of several.
    """

    lesions: LesionMask | None
    lungs: LungMask | None
    notes: tuple[str, ...]
    origin: MaskOrigin


def is_dicom_seg(path: Path) -> bool:
    """Whether a file is a DICOM segmentation; never raises."""
    try:
        if not path.is_file() or not looks_like_dicom(path):
            return False
        with quiet():
            return _is_seg(read_header(path)[0])
    except Exception:  # noqa: BLE001 - pydicom raises many classes on other files
        return False


def read_dicom_seg(path: Path, ct: CTVolume) -> SegMasks:
    """Read a segmentation: BINARY, FRACTIONAL (from one half on) or LABELMAP.

    Segments count by their coded type, else by the words of their label; see
    `seg_meaning.meaning_of`.  Where segments overlap, consolidation wins.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        The scan that it was drawn on, in any order of its voxels.

    Raises
    ------
    InputRefusedError
        If the file is damaged, is no segmentation, or no segment is one of ours.
    GeometryError
        If its pixels do not lie on voxels of the CT within 0.01 mm in a slice, and
        within what slices may be uneven across them.
    """
    with refusing(path, "DICOM segmentation"), quiet():
        _require_room(path)
        seg = dcmread(path)
        known, unknown = _sorted_segments(seg)
        found = _collect(seg, known, ct)
        origin = origin_of(seg, known)
    notes = (*_notes_on(unknown), *_note_on_series(seg, ct))
    return _masks(path, found, notes, ct, origin)


def _is_seg(header: Any) -> bool:
    return text(header, "SOPClassUID") in (SEGMENTATION, LABEL_MAP_SEGMENTATION)


def _require_room(path: Path) -> None:
    """Refuse what is no segmentation, or claims more pixels than it can hold."""
    header, _ = read_header(path)
    if not _is_seg(header):
        raise InputRefusedError("this is no DICOM segmentation. Give a SEG file.")
    sizes = [integer(header, key) for key in ("NumberOfFrames", "Rows", "Columns")]
    bits = integer(header, "BitsAllocated") or 1
    pixels = int(np.prod([size or 0 for size in sizes], dtype=object))
    if not 0 < pixels <= MAX_PIXELS:
        raise InputRefusedError(
            f"it claims {pixels} pixels; 1 to {MAX_PIXELS} are needed. "
            "Export it again, for one chest."
        )
    is_native = not transfer_syntax_of(header).is_compressed
    if is_native and path.stat().st_size * 8 < pixels * bits:
        raise InputRefusedError(
            f"it is too short for its {pixels} pixels. Copy it again."
        )


def _sorted_segments(seg: Any) -> tuple[dict[int, Meaning], list[str]]:
    """Tell what each segment means, and name those that mean nothing to us."""
    known, unknown = {}, []
    for segment in items(seg, "SegmentSequence"):
        number, meaning = integer(segment, "SegmentNumber"), meaning_of(segment)
        if number and meaning is not None:
            known[number] = meaning
        elif number:
            unknown.append(name_of_segment(segment))
    if not known:
        raise InputRefusedError(
            "no segment is ground glass, consolidation, infection or a lung with its "
            f"side; it has {', '.join(unknown) or 'none'}. Code or name the "
            "segments so."
        )
    return known, unknown


def _collect(seg: Any, known: dict[int, Meaning], ct: CTVolume) -> Found:
    """Find the voxels of each meaning."""
    found = {
        meaning: np.zeros(ct.grid.shape, np.bool_)
        for meaning in dict.fromkeys(known.values())
    }
    stored = np.asarray(seg.pixel_array)
    frames = stored.reshape(-1, *stored.shape[-2:])
    for plane, pixels in zip(planes_of(seg), frames, strict=True):
        for segment, marked in _marked(seg, plane, pixels):
            if segment in known and marked.any():
                mark_pixels(plane, marked, ct.grid, found[known[segment]])
    return found


def _marked(
    seg: Any, plane: Plane, pixels: npt.NDArray[Any]
) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Yield the segments of a frame with their pixels."""
    kind = text(seg, "SegmentationType")
    if kind == "LABELMAP":
        for segment in np.unique(pixels).tolist():
            yield segment, pixels == segment
        return
    if plane.segment is None:
        raise InputRefusedError(
            f"frame {plane.number} does not say which segment it shows. Export the "
            "segmentation again."
        )
    if kind == "FRACTIONAL":
        yield plane.segment, 2 * pixels.astype(np.uint32) >= seg.MaximumFractionalValue
    else:
        yield plane.segment, pixels > 0


def _notes_on(unknown: list[str]) -> Iterator[str]:
    if unknown:
        yield f"segments left out: {', '.join(unknown)}"


def _note_on_series(seg: Any, ct: CTVolume) -> Iterator[str]:
    drawn_on = {
        text(s, "SeriesInstanceUID") for s in items(seg, "ReferencedSeriesSequence")
    }
    if ct.source.series_uid and drawn_on and ct.source.series_uid not in drawn_on:
        yield "it names another series as the one that it was drawn on"


def _masks(
    path: Path,
    found: Found,
    notes: tuple[str, ...],
    ct: CTVolume,
    origin: MaskOrigin,
) -> SegMasks:
    lesions, on_lesions = _lesions(found)
    lungs, on_lungs = _lungs(found)
    notes = (*notes, *on_lesions, *on_lungs)
    source = Source("dicom", (str(path),), notes=notes)
    label_set = LESIONS if _has_classes(found) else INFECTION
    return SegMasks(
        None if lesions is None else LesionMask(lesions, ct.grid, label_set, source),
        None if lungs is None else LungMask(lungs, ct.grid, source=source),
        notes,
        origin,
    )


def _has_classes(found: Found) -> bool:
    return Meaning.GGO in found or Meaning.CONSOLIDATION in found


def _lesions(found: Found) -> tuple[npt.NDArray[np.uint8] | None, list[str]]:
    infection = found.get(Meaning.INFECTION)
    if not _has_classes(found):
        return None if infection is None else infection.astype(np.uint8), []
    nothing = np.zeros_like(next(iter(found.values())))
    ggo = found.get(Meaning.GGO, nothing)
    solid = found.get(Meaning.CONSOLIDATION, nothing)
    labels = _labels({Lesion.GGO: ggo, Lesion.CONSOLIDATION: solid})
    notes = []
    if both := int((ggo & solid).sum()):
        notes.append(f"{both} voxels are ground glass and consolidation: the latter")
    if infection is not None:
        rest = infection & (labels == 0)
        labels[rest] = UNKNOWN_CLASS
        if rest.any():
            notes.append(f"{int(rest.sum())} voxels are infection of no known class")
    return labels, notes


def _lungs(found: Found) -> tuple[npt.NDArray[np.uint8] | None, list[str]]:
    if not {Meaning.RIGHT_LUNG, Meaning.LEFT_LUNG} & set(found):
        return None, []
    nothing = np.zeros_like(next(iter(found.values())))
    right = found.get(Meaning.RIGHT_LUNG, nothing)
    left = found.get(Meaning.LEFT_LUNG, nothing)
    labels = _labels({Lung.LEFT: left, Lung.RIGHT: right})
    both = int((right & left).sum())
    notes = [f"{both} voxels are of both lungs: the right one's"] if both else []
    return labels, notes


def _labels(marked: dict[int, npt.NDArray[np.bool_]]) -> npt.NDArray[np.uint8]:
    """Give voxels their values; the last of several meanings wins."""
    labels = np.zeros(next(iter(marked.values())).shape, np.uint8)
    for value, voxels in marked.items():
        labels[voxels] = value
    return labels
