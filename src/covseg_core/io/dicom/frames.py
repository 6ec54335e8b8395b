"""One slice of a CT as its header describes it, in a file of its own or of many.

Classic CT keeps one slice per file.  Enhanced CT keeps many frames in one file and
what differs between them in functional groups.  Both become `Frame` here, so that
the rest of the reader knows one kind of slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import (
    all_numbers,
    first_number,
    integer,
    items,
    numbers,
    strings,
    text,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

__all__ = ["Frame", "classic_frame", "enhanced_frames", "some_names"]

_SCOUTS = {"LOCALIZER", "SCOUT", "TOPOGRAM"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One slice, described without pixels or patient data.

    Parameters
    ----------
    path : Path
        File that holds it.
    index : int
        Number of the frame in its file, from 0.
    name : str
        File name without folder, and the frame number where there are several.
    series_uid : str
        (0020,000E) *Series Instance UID*, empty when there is none.
    rows, columns : int
        Size of the pixel matrix.
    position_mm : tuple of float, optional
        (0020,0032) *Image Position (Patient)*, LPS.
    orientation : tuple of float, optional
        (0020,0037) *Image Orientation (Patient)*, six direction cosines.
    pixel_spacing_mm : tuple of float, optional
        (0028,0030) *Pixel Spacing*: between rows, between columns.
    thickness_mm : float, optional
        (0018,0050) *Slice Thickness*.
    slope, intercept : float, optional
        (0028,1053) *Rescale Slope* and (0028,1052) *Rescale Intercept*.
    rescale_type : str
        (0028,1054) *Rescale Type*, in capitals.
    tilt_degrees : float
        (0018,1120) *Gantry/Detector Tilt*, 0 when not given.
    time_point : int, optional
        Temporal position of a perfusion or gated scan.
    acquisition : int, optional
        (0020,0012) *Acquisition Number*.
    reference_uid : str
        (0020,0052) *Frame of Reference UID*.
    windows : tuple of (float, float, str)
        (0028,1050) *Window Center* and (0028,1051) *Window Width* in HU, and
        (0028,1055) *Window Center & Width Explanation*, empty if there is none.
    is_localizer, is_perfusion : bool
        Said by the image or frame type.
    """

    path: Path
    index: int
    name: str
    series_uid: str
    rows: int
    columns: int
    position_mm: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    pixel_spacing_mm: tuple[float, ...] | None
    thickness_mm: float | None
    slope: float | None
    intercept: float | None
    rescale_type: str
    tilt_degrees: float
    time_point: int | None
    acquisition: int | None
    reference_uid: str
    windows: tuple[tuple[float, float, str], ...]
    is_localizer: bool
    is_perfusion: bool

    @property
    def normal(self) -> npt.NDArray[np.float64] | None:
        """Unit vector across the slice, None if its orientation is unusable."""
        if self.orientation is None:
            return None
        normal = np.cross(self.orientation[:3], self.orientation[3:])
        length = float(np.linalg.norm(normal))
        return normal / length if 0.5 < length < 2 else None


def classic_frame(header: Dataset, path: Path) -> Frame:
    """Describe the one slice of a CT Image Storage file."""
    return _frame(_Groups(header), path, 0, path.name)


def enhanced_frames(header: Dataset, path: Path) -> tuple[Frame, ...]:
    """Describe the slices of an enhanced multi-frame CT file, in file order.

    Raises
    ------
    InputRefusedError
        If frames and their descriptions differ in number.
    """
    per_frame = items(header, "PerFrameFunctionalGroupsSequence")
    claimed = integer(header, "NumberOfFrames")
    if not per_frame or claimed != len(per_frame):
        raise InputRefusedError(
            f"{path.name} claims {claimed} frames but describes {len(per_frame)}. "
            "The file is cut or damaged; copy it again."
        )
    shared = items(header, "SharedFunctionalGroupsSequence")[:1]
    return tuple(
        _frame(
            _Groups(header, (groups, *shared)),
            path,
            index,
            f"{path.name} frame {index + 1}",
        )
        for index, groups in enumerate(per_frame)
    )


def some_names(names: list[str]) -> str:
    """List the first three of many names, for a sentence."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


@dataclass(frozen=True)
class _Groups:
    """Where an element of a frame may stand: its own groups, shared, the top."""

    header: Dataset
    groups: tuple[Dataset, ...] = ()

    def holder(self, sequence: str, keyword: str) -> Dataset:
        """Find the innermost dataset that has the element, else the header."""
        for group in self.groups:
            for item in items(group, sequence)[:1]:
                if keyword in item:
                    return item
        return self.header


def _frame(groups: _Groups, path: Path, index: int, name: str) -> Frame:
    def one(sequence: str, keyword: str) -> float | None:
        return first_number(groups.holder(sequence, keyword), keyword)

    def many(sequence: str, keyword: str, count: int) -> tuple[float, ...] | None:
        return numbers(groups.holder(sequence, keyword), keyword, count)

    header = groups.header
    kinds = _kinds(groups)
    rescale = "PixelValueTransformationSequence"
    return Frame(
        path=path,
        index=index,
        name=name,
        series_uid=text(header, "SeriesInstanceUID"),
        rows=integer(header, "Rows") or 0,
        columns=integer(header, "Columns") or 0,
        position_mm=many("PlanePositionSequence", "ImagePositionPatient", 3),
        orientation=many("PlaneOrientationSequence", "ImageOrientationPatient", 6),
        pixel_spacing_mm=many("PixelMeasuresSequence", "PixelSpacing", 2),
        thickness_mm=one("PixelMeasuresSequence", "SliceThickness"),
        slope=one(rescale, "RescaleSlope"),
        intercept=one(rescale, "RescaleIntercept"),
        rescale_type=text(groups.holder(rescale, "RescaleType"), "RescaleType").upper(),
        tilt_degrees=one("CTAcquisitionDetailsSequence", "GantryDetectorTilt") or 0.0,
        time_point=_time_point(groups),
        acquisition=integer(header, "AcquisitionNumber"),
        reference_uid=text(header, "FrameOfReferenceUID"),
        windows=tuple(_windows(groups.holder("FrameVOILUTSequence", "WindowCenter"))),
        is_localizer=bool(kinds & _SCOUTS),
        is_perfusion="PERFUSION" in kinds,
    )


def _kinds(groups: _Groups) -> set[str]:
    frame_type = groups.holder("CTImageFrameTypeSequence", "FrameType")
    return {*words(groups.header, "ImageType"), *words(frame_type, "FrameType")}


def _windows(holder: Dataset) -> Iterator[tuple[float, float, str]]:
    centres = all_numbers(holder, "WindowCenter")
    widths = all_numbers(holder, "WindowWidth")
    explained = (*strings(holder, "WindowCenterWidthExplanation"), *[""] * len(widths))
    for centre, width, said in zip(centres, widths, explained, strict=False):
        if width > 0:
            yield centre, width, "".join(c for c in said if c.isprintable())[:64]


def _time_point(groups: _Groups) -> int | None:
    content = groups.holder("FrameContentSequence", "TemporalPositionIndex")
    index = integer(content, "TemporalPositionIndex")
    classic = integer(groups.header, "TemporalPositionIdentifier")
    return index if index is not None else classic
