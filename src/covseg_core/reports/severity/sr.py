"""Tell a severity report as the measurements that a DICOM report holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core import __version__
from covseg_core.io.dicom.measurements import (
    Evaluation,
    Measurement,
    MeasurementGroup,
    MeasurementReport,
    algorithm_of,
)
from covseg_core.io.dicom.sr_codes import (
    BILATERAL,
    HOUNSFIELD,
    LEFT,
    LUNG,
    MEAN,
    MEAN_HU,
    MILLILITRE,
    PERCENT,
    POINTS,
    RIGHT,
    SITES,
    VOLUME,
    definition_of,
    private,
)
from covseg_core.io.terminology import CONCEPTS, Code, classes_of
from covseg_core.labels import INFECTION, LUNGS, UNKNOWN_CLASS
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from covseg_core.io.mask_origin import MaskOrigin, TracedMask
    from covseg_core.labels import LabelClass
    from covseg_core.severity.opacity import RegionOpacity
    from covseg_core.severity.regions import Region, Rung, Side
    from covseg_core.severity.report import SeverityReport
    from covseg_core.severity.scoring import RegionPoints, ScoreResult
    from covseg_core.volume import CTVolume, LabelVolume

__all__ = ["severity_measurements"]

_INFECTION = CONCEPTS["infection"].kind
_SIDES: dict[Side | None, Code] = {"right": RIGHT, "left": LEFT, None: BILATERAL}
_CLASS_ML = {"ggo": "GGO_ML", "consolidation": "CONSOLIDATION_ML"}
_DRAWN = {
    "model": "outlined by {model}, corrected by nobody",
    "edited": "outlined by {model} and corrected by a reader",
    "manual": "outlined by a reader",
}


def severity_measurements(
    ct: CTVolume,
    masks: Sequence[TracedMask],
    report: SeverityReport,
    segments: Mapping[str, int],
) -> MeasurementReport:
    """Tell what each outline measures, then what the report says of each region.

    Parameters
    ----------
    ct : CTVolume
        For the density in outlines.
    masks : sequence of TracedMask
        Those that the report rests on, on the grid of `ct`.
    report : SeverityReport
        What was measured in the lungs.
    segments : mapping of str to int
        Segment number of each class of the masks by the title of the class.
    """
    origin = next(one.origin for one in masks if one.mask.label_set.name != LUNGS.name)
    groups = [
        *_outlines(ct, masks, segments),
        *_lungs(report, origin),
        *_regions(report),
    ]
    comments = [*_warnings(ct), *_drawers(masks), *_rules(report), *report.remarks]
    return MeasurementReport(tuple(groups), (*comments, *_definitions(groups)))


def _outlines(
    ct: CTVolume, masks: Sequence[TracedMask], segments: Mapping[str, int]
) -> Iterator[MeasurementGroup]:
    for traced in masks:
        for label, marked in _classes(traced.mask):
            concept = CONCEPTS[label.key]
            is_side = label.key in LUNGS.keys
            # No infection is a finding, no lung is none.
            if label.title in segments and (marked.any() or not is_side):
                yield MeasurementGroup(
                    f"Outline: {label.title}",
                    concept.kind,
                    LUNG,
                    concept.modifier if is_side else BILATERAL,
                    segments[label.title],
                    algorithm_of(traced.origin, f"covseg {__version__}"),
                    tuple(_of_outline(ct, marked)),
                )


def _classes(mask: LabelVolume) -> Iterator[tuple[LabelClass, npt.NDArray[np.bool_]]]:
    is_one = mask.label_set.name == INFECTION.name
    has_unknown = not is_one and bool((mask.labels == UNKNOWN_CLASS).any())
    for label in classes_of(mask.label_set, with_unknown=has_unknown):
        yield label, mask.labels > 0 if is_one else mask.labels == label.value


def _of_outline(ct: CTVolume, marked: npt.NDArray[np.bool_]) -> Iterator[Measurement]:
    volume_ml = int(marked.sum()) * ct.grid.voxel_ml
    yield Measurement(VOLUME, _rounded(volume_ml), MILLILITRE)
    measured = marked if ct.padding is None else marked & ~ct.padding
    if ct.is_hu and measured.any():
        mean_hu = float(ct.hu[measured].mean(dtype="float64"))
        yield Measurement(MEAN_HU, _rounded(mean_hu), HOUNSFIELD, MEAN)


def _lungs(report: SeverityReport, origin: MaskOrigin) -> Iterator[MeasurementGroup]:
    algorithm = algorithm_of(origin, f"covseg {__version__}")
    infection = None if report.density is None else report.density.infection
    both = [*_of_opacity(report.opacity.both)]
    if infection is not None:
        mean_hu = _rounded(infection.mean_hu)
        both.append(Measurement(MEAN_HU, mean_hu, HOUNSFIELD, MEAN))
    both += _totals((one, one.total) for one in report.scores)
    level = private(f"LEVEL_{report.level.upper()}")
    yield MeasurementGroup(
        "Both lungs",
        _INFECTION,
        LUNG,
        BILATERAL,
        algorithm=algorithm,
        measurements=tuple(both),
        evaluations=(Evaluation(private("LEVEL"), level),),
    )
    lungs: dict[Side, RegionOpacity] = {
        "right": report.opacity.right,
        "left": report.opacity.left,
    }
    for side, opacity in lungs.items():
        if not opacity.lung_ml:
            continue
        totals = _totals((one, one.of_side(side)) for one in report.scores)
        yield MeasurementGroup(
            f"{side.capitalize()} lung",
            _INFECTION,
            LUNG,
            _SIDES[side],
            algorithm=algorithm,
            measurements=(*_of_opacity(opacity), *totals),
        )


def _regions(report: SeverityReport) -> Iterator[MeasurementGroup]:
    """Join what is known of a region: its volumes, and its points of each score."""
    found: dict[Region, list[Measurement]] = {
        region: [*_of_opacity(opacity, _method(report.rung))]
        for region, opacity in report.regions
        if opacity.lung_ml
    }
    for score in report.scores:
        for one in score.regions:
            of_region = found.setdefault(one.region, [])
            of_region += _of_points(score, one, with_share=not of_region)
    for region, measurements in found.items():
        if not measurements:
            continue
        site, side = SITES.get(region.key, (LUNG, _SIDES[region.side]))
        yield MeasurementGroup(
            region.title,
            _INFECTION,
            site,
            side,
            measurements=tuple(measurements),
        )


def _of_points(
    score: ScoreResult, one: RegionPoints, *, with_share: bool
) -> Iterator[Measurement]:
    method = _method(score.rung)
    if with_share and one.percent is not None:
        yield Measurement(private("PO"), _rounded(one.percent), PERCENT, method=method)
    if one.points is not None:
        concept = private(score.definition.key.upper())
        yield Measurement(concept, one.points, POINTS, method=method)


def _of_opacity(
    opacity: RegionOpacity, method: Code | None = None
) -> Iterator[Measurement]:
    def measured(key: str, value: float, unit: Code) -> Measurement:
        return Measurement(private(key), _rounded(value), unit, method=method)

    yield measured("LUNG_ML", opacity.lung_ml, MILLILITRE)
    yield measured("INFECTION_ML", opacity.infection_ml, MILLILITRE)
    for key, name in _CLASS_ML.items():
        if key in opacity.lesion_ml:
            yield measured(name, opacity.lesion_ml[key], MILLILITRE)
    if opacity.percent_opacity is not None:
        yield measured("PO", opacity.percent_opacity, PERCENT)
    if opacity.percent_high_opacity is not None:
        yield measured("PHO", opacity.percent_high_opacity, PERCENT)


def _totals(
    points: Iterable[tuple[ScoreResult, int | None]],
) -> Iterator[Measurement]:
    for score, total in points:
        if total is not None:
            concept = private(score.definition.key.upper())
            yield Measurement(concept, total, POINTS, method=_method(score.rung))


def _rounded(value: float) -> float:
    """Keep six digits: a PACS shows a number as it is written."""
    return float(f"{value:.6g}")


def _method(rung: Rung) -> Code:
    return private(f"BY_{rung.name}")


def _warnings(ct: CTVolume) -> Iterator[str]:
    if ct.source.is_synthetic:
        yield f"{SYNTHETIC}: the scan is no patient's."


def _drawers(masks: Sequence[TracedMask]) -> Iterator[str]:
    for traced in masks:
        what = "Lungs" if traced.mask.label_set.name == LUNGS.name else "Infection"
        how = _DRAWN[traced.origin.kind].format(model=traced.origin.model or "a model")
        yield f"{what}: {how}."


def _rules(report: SeverityReport) -> Iterator[str]:
    for score in report.scores:
        total = "not scorable" if score.total is None else str(score.total)
        meant = score.definition
        rung = f", by {score.rung}" if score.is_as_published else ""
        yield " ".join(
            (
                f"{meant.title}: {total} of {score.maximum}{rung}.",
                f"Points of a region: {meant.rule}.",
                *score.remarks,
                f"{meant.source}.",
            )
        )


def _definitions(groups: Iterable[MeasurementGroup]) -> Iterator[str]:
    """Define each of our own concepts that is used, once, as no registry does."""
    for code in dict.fromkeys(_codes(groups)):
        if definition := definition_of(code):
            yield f"{code.scheme} {code.value}, {code.meaning}: {definition}"


def _codes(groups: Iterable[MeasurementGroup]) -> Iterator[Code]:
    for group in groups:
        for one in group.measurements:
            yield one.concept
            if one.method is not None:
                yield one.method
        for answer in group.evaluations:
            yield answer.concept
            yield answer.answer
