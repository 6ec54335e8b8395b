"""The codes by which other programs know what a class of ours is.

From DICOM PS3.16 (CID 7150, 7159, 7162 and 244) and SNOMED CT.
"""

from __future__ import annotations

from dataclasses import dataclass

from covseg_core.labels import UNKNOWN_CLASS, LabelClass, LabelSet

__all__ = [
    "ARTIFICIAL_INTELLIGENCE",
    "CONCEPTS",
    "MORPHOLOGY",
    "Code",
    "Concept",
    "classes_of",
]


@dataclass(frozen=True)
class Code:
    """(0008,0102) *Coding Scheme Designator*, (0008,0100) *Code Value* and meaning."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Concept:
    """What a segment shows.

    Parameters
    ----------
    category : Code
        (0062,0003) *Segmented Property Category*.
    kind : Code
        (0062,000F) *Segmented Property Type*.
    modifier : Code, optional
        (0062,0011) *Segmented Property Type Modifier*, such as a side.
    """

    category: Code
    kind: Code
    modifier: Code | None = None


_ABNORMAL = Code("SCT", "49755003", "Morphologically Abnormal Structure")
_ANATOMY = Code("SCT", "123037004", "Anatomical Structure")
_INFECTION = Code("SCT", "47351003", "Infection")
_COVID = Code("SCT", "840539006", "COVID-19")
_LUNG = Code("SCT", "39607008", "Lung")

ARTIFICIAL_INTELLIGENCE = Code("DCM", "123110", "Artificial Intelligence")
MORPHOLOGY = Code("DCM", "123104", "Morphological Operations")
CONCEPTS = {
    "ggo": Concept(_ABNORMAL, Code("DCM", "112120", "Ground glass opacity")),
    "consolidation": Concept(_ABNORMAL, Code("SCT", "95436008", "Lung consolidation")),
    "infection": Concept(_ABNORMAL, _INFECTION, _COVID),
    "right_lung": Concept(_ANATOMY, _LUNG, Code("SCT", "24028007", "Right")),
    "left_lung": Concept(_ANATOMY, _LUNG, Code("SCT", "7771000", "Left")),
}
"""By the key of the class, see `labels.LabelClass`."""

_CLASS_UNKNOWN = LabelClass(
    UNKNOWN_CLASS, "infection", "Infection, class unknown", (0.6, 0.6, 0.6)
)


def classes_of(label_set: LabelSet, *, with_unknown: bool) -> tuple[LabelClass, ...]:
    """List the classes to write, `labels.UNKNOWN_CLASS` as one of them if wanted."""
    return (*label_set.classes, _CLASS_UNKNOWN) if with_unknown else label_set.classes
