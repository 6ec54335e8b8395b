"""How other DICOM objects refer to a segmentation and its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom import dcmread

from covseg_core.io.dicom.elements import integer, items, quiet, text
from covseg_core.io.refusing import refusing

if TYPE_CHECKING:
    from pathlib import Path

_PARSED = "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SegmentSequence"

__all__ = ["SegReference", "refer_to_seg"]


@dataclass(frozen=True)
class SegReference:
    """The UIDs of a segmentation and what its segments are called.

    Parameters
    ----------
    sop_class, sop_instance, series_uid : str
        (0008,0016), (0008,0018) and (0020,000E).
    labels : dict of int to str
        (0062,0005) *Segment Label* by (0062,0004) *Segment Number*.
    """

    sop_class: str
    sop_instance: str
    series_uid: str
    labels: dict[int, str]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The segments that there are."""
        return tuple(self.labels)


def refer_to_seg(path: Path) -> SegReference:
    """Look up how to refer to a segmentation.

    Raises
    ------
    InputRefusedError
        If the file is damaged.
    """
    with refusing(path, "DICOM segmentation"), quiet():
        header = dcmread(path, specific_tags=list(_PARSED))
        segments = items(header, "SegmentSequence")
        return SegReference(
            text(header, "SOPClassUID"),
            text(header, "SOPInstanceUID"),
            text(header, "SeriesInstanceUID"),
            {
                integer(one, "SegmentNumber") or 0: text(one, "SegmentLabel")
                for one in segments
            },
        )
