"""The concepts of our measurement reports: public codes, and ours with definitions.

Public ones are from DICOM PS3.16 (TID 1500 and the context groups that it names),
SNOMED CT, LOINC and UCUM.  What has no public code has one of the private scheme
99COVSEG, always the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

from covseg_core.io.terminology import Code

__all__ = [
    "BILATERAL",
    "COMMENT",
    "CT_CHEST",
    "HOUNSFIELD",
    "LEFT",
    "LUNG",
    "MEAN",
    "MEAN_HU",
    "MILLILITRE",
    "PERCENT",
    "POINTS",
    "PRIVATE_SCHEME",
    "PRIVATE_SCHEME_NAME",
    "RIGHT",
    "SITES",
    "VOLUME",
    "PrivateConcept",
    "definition_of",
    "private",
]

PRIVATE_SCHEME = "99COVSEG"
PRIVATE_SCHEME_NAME = "covseg: extent of lung infection on CT, research use only"

VOLUME = Code("SCT", "118565006", "Volume")
MEAN_HU = Code("DCM", "112031", "Attenuation Coefficient")
MEAN = Code("SCT", "373098007", "Mean")
COMMENT = Code("DCM", "121106", "Comment")
CT_CHEST = Code("LN", "24627-2", "CT Chest")

MILLILITRE = Code("UCUM", "ml", "ml")
HOUNSFIELD = Code("UCUM", "[hnsf'U]", "Hounsfield unit")
PERCENT = Code("UCUM", "%", "Percent")
POINTS = Code("UCUM", "{score}", "Score points")

LUNG = Code("SCT", "39607008", "Lung")
RIGHT = Code("SCT", "24028007", "Right")
LEFT = Code("SCT", "7771000", "Left")
BILATERAL = Code("SCT", "51440002", "Right and left")
_UPPER = Code("SCT", "45653009", "Upper lobe of lung")
_LOWER = Code("SCT", "90572001", "Lower lobe of lung")
_MIDDLE = Code("SCT", "72481006", "Middle lobe of right lung")

SITES: dict[str, tuple[Code, Code | None]] = {
    "right_upper_lobe": (_UPPER, RIGHT),
    # Its name says the side already.
    "right_middle_lobe": (_MIDDLE, None),
    "right_lower_lobe": (_LOWER, RIGHT),
    "left_upper_lobe": (_UPPER, LEFT),
    "left_lower_lobe": (_LOWER, LEFT),
}
"""Place and side of each lobe by the key of its region."""


@dataclass(frozen=True)
class PrivateConcept:
    """A concept without a public code.

    Parameters
    ----------
    value : str
        Code in the scheme `PRIVATE_SCHEME`, at most 16 characters.
    meaning : str
        In a few words.
    definition : str
        In full.
    """

    value: str
    meaning: str
    definition: str


_CONCEPTS = (
    PrivateConcept(
        "LUNG_ML",
        "Lung volume with infection",
        "Volume of the lung and of the infection that is nearest to it.",
    ),
    PrivateConcept(
        "INFECTION_ML", "Volume of infection", "Volume of infection of all classes."
    ),
    PrivateConcept(
        "GGO_ML", "Volume of ground glass", "Volume of ground-glass opacity."
    ),
    PrivateConcept(
        "CONSOLIDATION_ML", "Volume of consolidation", "Volume of consolidation."
    ),
    PrivateConcept(
        "PO",
        "Percentage of opacity",
        "100 times the volume of infection by the volume of the region.",
    ),
    PrivateConcept(
        "PHO",
        "Percentage of high opacity",
        "100 times the volume of infection above -200 HU by the volume of the region.",
    ),
    PrivateConcept(
        "CT_SS",
        "Chest CT severity score",
        "Of each of 20 regions 0 to 2 points, after Yang 2020.",
    ),
    PrivateConcept(
        "PAN_25", "25-point CT score", "Of each region 0 to 5 points, after Pan 2020."
    ),
    PrivateConcept(
        "FRANCONE_25",
        "25-point CT score, Francone",
        "Of each region 0 to 5 points, with the edges of Francone 2020.",
    ),
    PrivateConcept(
        "LSS",
        "Lung severity score",
        "Of each region 0 to 4 points, after Chaganti 2020.",
    ),
    PrivateConcept(
        "LHOS",
        "Lung high opacity score",
        "As the lung severity score, of infection above -200 HU only.",
    ),
    PrivateConcept(
        "LEVEL",
        "Level of infection",
        "By the infected share of both lungs, after the Inf-Net papers.",
    ),
    PrivateConcept("LEVEL_REGULAR", "Regular", "Less than 1 % is infected."),
    PrivateConcept("LEVEL_SEVERE", "Severe", "From 1 % to half is infected."),
    PrivateConcept("LEVEL_CRITICAL", "Critical", "More than half is infected."),
    PrivateConcept("BY_LOBES", "By lobe", "Regions are lobes, from a lobe mask."),
    PrivateConcept(
        "BY_ZONES",
        "By zone, not by lobe",
        "Regions are thirds of each lung by height; fissures are not looked for.",
    ),
    PrivateConcept(
        "BY_REGIONS20",
        "By 20 equal regions, a proxy",
        "Regions are ten parts of equal volume in each lung, not segments.",
    ),
    PrivateConcept("BY_LUNGS", "By lung", "Regions are the two lungs."),
    PrivateConcept("BY_WHOLE", "Both lungs as one", "One region: both lungs."),
)
_BY_VALUE = {concept.value: concept for concept in _CONCEPTS}


def private(value: str) -> Code:
    """Give the code of one of our own concepts.

    Raises
    ------
    KeyError
        If there is none of that value.
    """
    return Code(PRIVATE_SCHEME, value, _BY_VALUE[value].meaning)


def definition_of(code: Code) -> str:
    """Define a concept of ours in a sentence; empty for a public code."""
    if code.scheme != PRIVATE_SCHEME or code.value not in _BY_VALUE:
        return ""
    return _BY_VALUE[code.value].definition
