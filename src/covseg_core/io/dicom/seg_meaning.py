"""What a segment of a DICOM segmentation means to us, by its code or its label."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from covseg_core.io.dicom.elements import items, text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Meaning", "meaning_of", "name_of_segment"]


class Meaning(Enum):
    """The segments that we know."""

    GGO = "ground-glass opacity"
    CONSOLIDATION = "consolidation"
    INFECTION = "infection"
    RIGHT_LUNG = "right lung"
    LEFT_LUNG = "left lung"


_CODES = {
    ("DCM", "112120"): Meaning.GGO,
    ("SCT", "95436008"): Meaning.CONSOLIDATION,
    ("SCT", "47351003"): Meaning.INFECTION,
    ("SCT", "3341006"): Meaning.RIGHT_LUNG,
    ("SCT", "44029006"): Meaning.LEFT_LUNG,
    ("SRT", "T-28100"): Meaning.RIGHT_LUNG,
    ("SRT", "T-28500"): Meaning.LEFT_LUNG,
}
_LUNG = {("SCT", "39607008"), ("SRT", "T-28000")}
_SIDES = {
    ("SCT", "24028007"): Meaning.RIGHT_LUNG,
    ("SCT", "7771000"): Meaning.LEFT_LUNG,
    ("SRT", "G-A100"): Meaning.RIGHT_LUNG,
    ("SRT", "G-A101"): Meaning.LEFT_LUNG,
}
_OLD_NAMES = {"SNM3": "SRT", "99SDM": "SRT"}
"""Designators that SNOMED-RT had in older files."""
_WORDS = (
    ("ggo", Meaning.GGO),
    ("ground glass", Meaning.GGO),
    ("consolidation", Meaning.CONSOLIDATION),
    ("infection", Meaning.INFECTION),
    ("covid", Meaning.INFECTION),
    ("lesion", Meaning.INFECTION),
)


def meaning_of(segment: Dataset) -> Meaning | None:
    """Tell what a segment means, None if it is none of ours.

    (0062,000F) *Segmented Property Type Code Sequence* counts, with a side as its
    modifier or that of the anatomic region; if it is none of ours, the words of
    (0062,0005) *Segment Label*.  A lung without a side is none of ours.

    Parameters
    ----------
    segment : Dataset
        Item of (0062,0002) *Segment Sequence*.
    """
    kinds = items(segment, "SegmentedPropertyTypeCodeSequence")
    label = text(segment, "SegmentLabel").casefold().replace("-", " ")
    for kind in kinds:
        if _code(kind) in _CODES:
            return _CODES[_code(kind)]
        if _code(kind) in _LUNG:
            return _coded_side(segment, kind) or _side_in(label)
    for words, meaning in _WORDS:
        if words in label:
            return meaning
    return _side_in(label) if "lung" in label else None


def name_of_segment(segment: Dataset) -> str:
    """Name a segment by its label and code, such as ``'Liver' (SCT 10200004)``."""
    label = repr(text(segment, "SegmentLabel"))
    for kind in items(segment, "SegmentedPropertyTypeCodeSequence"):
        return f"{label} ({' '.join(_code(kind))})"
    return label


def _coded_side(segment: Dataset, kind: Dataset) -> Meaning | None:
    modifiers = [
        *items(kind, "SegmentedPropertyTypeModifierCodeSequence"),
        *items(segment, "SegmentedPropertyTypeModifierCodeSequence"),
    ]
    for region in items(segment, "AnatomicRegionSequence"):
        modifiers += items(region, "AnatomicRegionModifierSequence")
    sides = (_SIDES.get(_code(modifier)) for modifier in modifiers)
    return next((side for side in sides if side is not None), None)


def _side_in(label: str) -> Meaning | None:
    words = label.replace("_", " ").split()
    if "right" in words:
        return Meaning.RIGHT_LUNG
    return Meaning.LEFT_LUNG if "left" in words else None


def _code(item: Dataset) -> tuple[str, str]:
    scheme = text(item, "CodingSchemeDesignator")
    return _OLD_NAMES.get(scheme, scheme), text(item, "CodeValue")
