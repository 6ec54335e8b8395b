"""Make the measurement groups of a DICOM structured report (TID 1411 and 1501)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.uid import generate_uid

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from covseg_core.io.dicom.measurements import (
        Algorithm,
        Measurement,
        MeasurementGroup,
    )
    from covseg_core.io.dicom.seg_reference import SegReference
    from covseg_core.io.terminology import Code

__all__ = ["coded", "make_group"]


def coded(code: Code) -> Any:
    """Make an item of a code sequence."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def make_group(
    group: MeasurementGroup, seg: SegReference | None, series_uid: str
) -> Any:
    """Make a group that refers to its segment, or to none.

    Parameters
    ----------
    group : MeasurementGroup
        What it holds.
    seg : SegReference or None
        The segmentation that has its segment.
    series_uid : str
        (0020,000E) *Series Instance UID* of the CT.

    Returns
    -------
    highdicom.sr.Template
        Of TID 1411 if the group has a segment, else of TID 1501.
    """
    from highdicom import sr

    shared = {
        "tracking_identifier": sr.TrackingIdentifier(generate_uid(), group.title),
        "finding_type": coded(group.finding),
        "finding_sites": [
            sr.FindingSite(coded(group.site), _coded_or_none(group.side))
        ],
        "algorithm_id": group.algorithm and _algorithm(group.algorithm),
        "measurements": [_measurement(one) for one in group.measurements],
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(coded(one.concept), coded(one.answer))
            for one in group.evaluations
        ],
    }
    if group.segment is None:
        return sr.MeasurementsAndQualitativeEvaluations(**shared)
    if seg is None:
        raise UsageError("a group has a segment, but no segmentation was given.")
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=sr.ReferencedSegment(
            seg.sop_class,
            seg.sop_instance,
            group.segment,
            source_series=sr.SourceSeriesForSegmentation(series_uid),
        ),
        **shared,
    )


def _coded_or_none(code: Code | None) -> Any:
    return None if code is None else coded(code)


def _measurement(one: Measurement) -> Any:
    from highdicom.sr import Measurement as Template

    return Template(
        coded(one.concept),
        one.value,
        coded(one.unit),
        derivation=_coded_or_none(one.derivation),
        method=_coded_or_none(one.method),
    )


def _algorithm(algorithm: Algorithm) -> Any:
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(
        algorithm.name,
        algorithm.version,
        list(algorithm.remarks) or None,
        family=coded(algorithm.family),
    )
