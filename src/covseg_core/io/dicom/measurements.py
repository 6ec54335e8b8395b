"""Measurements as a DICOM report (TID 1500) holds them, free of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.io.terminology import ARTIFICIAL_INTELLIGENCE, Code

if TYPE_CHECKING:
    from covseg_core.io.mask_origin import MaskOrigin

__all__ = [
    "Algorithm",
    "Evaluation",
    "Measurement",
    "MeasurementGroup",
    "MeasurementReport",
    "algorithm_of",
]

_CORRECTED = "Outline corrected by a reader"


@dataclass(frozen=True)
class Algorithm:
    """What drew the outline that a group was measured in.

    Parameters
    ----------
    name : str
        Such as the name of a model.
    version : str
        The sha256 of its weights, if it has any.
    remarks : tuple of str
        What was done to its result.
    family : Code
        Of DICOM CID 7162.
    """

    name: str
    version: str
    remarks: tuple[str, ...] = ()
    family: Code = ARTIFICIAL_INTELLIGENCE


@dataclass(frozen=True)
class Measurement:
    """One number.

    Parameters
    ----------
    concept : Code
        What was measured.
    value : float
        Finite.
    unit : Code
        Of UCUM.
    derivation : Code or None
        Such as the mean.
    method : Code or None
        What the number rests on.
    """

    concept: Code
    value: float
    unit: Code
    derivation: Code | None = None
    method: Code | None = None


@dataclass(frozen=True)
class Evaluation:
    """One answer that is no number: a question and its answer."""

    concept: Code
    answer: Code


@dataclass(frozen=True)
class MeasurementGroup:
    """What was measured of one thing in one place.

    Parameters
    ----------
    title : str
        Tells the group from others.
    finding : Code
        The thing.
    site : Code
        The place.
    side : Code or None
        Of the place.
    segment : int or None
        (0062,0004) *Segment Number* of its outline.
    algorithm : Algorithm or None
        What drew the outline; None if a person did.
    measurements : tuple of Measurement
        Numbers.
    evaluations : tuple of Evaluation
        Answers.
    """

    title: str
    finding: Code
    site: Code
    side: Code | None = None
    segment: int | None = None
    algorithm: Algorithm | None = None
    measurements: tuple[Measurement, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()


@dataclass(frozen=True)
class MeasurementReport:
    """All groups, and what has to be said beside them.

    Parameters
    ----------
    groups : tuple of MeasurementGroup
        At least one.
    comments : tuple of str
        In plain words.
    """

    groups: tuple[MeasurementGroup, ...]
    comments: tuple[str, ...] = ()


def algorithm_of(origin: MaskOrigin, version: str) -> Algorithm | None:
    """Tell what drew a mask; `version` stands in for weights that it has none of."""
    if origin.kind == "manual":
        return None
    remarks = (_CORRECTED,) if origin.kind == "edited" else ()
    return Algorithm(
        origin.model or "covseg",
        origin.weights_sha256 or version,
        remarks,
        origin.family,
    )
