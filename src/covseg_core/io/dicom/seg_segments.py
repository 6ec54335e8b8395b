"""Describe the classes of a mask as segments of a DICOM segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core import __version__
from covseg_core.io.terminology import CONCEPTS, Code

if TYPE_CHECKING:
    from covseg_core.io.mask_origin import MaskOrigin
    from covseg_core.labels import LabelClass

__all__ = ["describe_segment"]

_OURSELVES = "covseg"


def describe_segment(number: int, label: LabelClass, origin: MaskOrigin) -> Any:
    """Make an item of (0062,0002) *Segment Sequence*.

    Parameters
    ----------
    number : int
        Of the segment, from 1.
    label : LabelClass
        What it shows.
    origin : MaskOrigin
        Who drew it; gives (0062,0008) *Segment Algorithm Type*.

    Returns
    -------
    highdicom.seg.SegmentDescription
        With codes, colour and algorithm.
    """
    # highdicom takes most of a second to import.
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    concept = CONCEPTS[label.key]
    red, green, blue = (round(255 * part) for part in label.colour)
    segment = SegmentDescription(
        number,
        label.title,
        _coded(concept.category),
        _coded(concept.kind),
        origin.algorithm_type,
        _algorithm(origin),
        display_color=CIELabColor.from_rgb(red, green, blue),
    )
    if concept.modifier is not None:
        kind = segment.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [_coded(concept.modifier)]
    return segment


def _algorithm(origin: MaskOrigin) -> Any:
    from highdicom import AlgorithmIdentificationSequence

    if origin.kind == "manual":
        return None
    return AlgorithmIdentificationSequence(
        (origin.model or _OURSELVES)[:64],
        _coded(origin.family),
        origin.weights_sha256 or f"{_OURSELVES} {__version__}",
    )


def _coded(code: Code) -> Any:
    from highdicom.sr.coding import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)
