"""Tell from a DICOM segmentation who drew its segments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covseg_core.io.dicom.elements import integer, items, text
from covseg_core.io.mask_origin import MaskOrigin, OriginKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydicom.dataset import Dataset

__all__ = ["origin_of"]

_KINDS: dict[str, OriginKind] = {"AUTOMATIC": "model", "SEMIAUTOMATIC": "edited"}
"""By (0062,0008) *Segment Algorithm Type*, the least trusted first."""


def origin_of(seg: Dataset, numbers: Collection[int]) -> MaskOrigin:
    """Look up who drew some segments; of several, the least trusted counts.

    Parameters
    ----------
    seg : Dataset
        The segmentation.
    numbers : collection of int
        (0062,0004) *Segment Number* of those that are used.
    """
    used = [
        segment
        for segment in items(seg, "SegmentSequence")
        if integer(segment, "SegmentNumber") in numbers
    ]
    for said, kind in _KINDS.items():
        for segment in used:
            if text(segment, "SegmentAlgorithmType") == said:
                return MaskOrigin(
                    kind, text(segment, "SegmentAlgorithmName"), _sha256(segment)
                )
    return MaskOrigin("manual")


def _sha256(segment: Dataset) -> str:
    for algorithm in items(segment, "SegmentationAlgorithmIdentificationSequence"):
        version = text(algorithm, "AlgorithmVersion")
        if re.fullmatch("[0-9a-f]{64}", version):
            return version
    return ""
