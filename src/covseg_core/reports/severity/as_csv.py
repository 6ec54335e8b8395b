"""A report on severity as one row of a table; every scan has the same columns."""

from __future__ import annotations

import csv
import io
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from covseg_core.labels import LOBES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.distribution import Distribution
    from covseg_core.severity.opacity import RegionOpacity
    from covseg_core.severity.report import SeverityReport

    Value: TypeAlias = str | int | float | None
    Row: TypeAlias = Mapping[str, Value]

__all__ = ["COLUMNS", "as_csv", "row_of"]

_SCORES = ("ct_ss", "pan_25", "francone_25", "lss", "lhos")
_SIDES = ("both", "right", "left")
_ZONES = tuple(
    f"{side}_{third}_zone"
    for side, third in product(("right", "left"), ("upper", "middle", "lower"))
)
_PARTS = (*(label.key for label in LOBES.classes), *_ZONES)
_OF_SIDE = (
    "lung_ml",
    "ggo_ml",
    "consolidation_ml",
    "infection_ml",
    "percent_opacity",
    "percent_high_opacity",
)
_PLACES = {
    "sides": ("right", "left"),
    "heights": ("upper", "middle", "lower"),
    "depths": ("peripheral", "central"),
    "faces": ("posterior", "anterior"),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SPREAD = ("mean_hu", "sd_hu", "median_hu", "p5_hu", "p95_hu")

COLUMNS: tuple[str, ...] = (
    "covseg",
    "created_utc",
    "image_is_hu",
    "image_is_synthetic",
    "mask_kind",
    "mask_model",
    "mask_model_sha256",
    "mask_sha256",
    "rung",
    "level",
    *(f"{side}_{name}" for side in _SIDES for name in _OF_SIDE),
    *(
        f"{score}_{part}"
        for score in _SCORES
        for part in ("total", "maximum", "rung", "is_as_published")
    ),
    *(f"{part}_percent_opacity" for part in _PARTS),
    *(f"{part}_percent_of_infection" for parts in _PLACES.values() for part in parts),
    "laterality",
    "peripheral_mm",
    "lesion_count",
    "largest_lesion_ml",
    *(f"{where}_{name}" for where in ("lungs", "infection") for name in _SPREAD),
    "co_rads_by_reader",
    "rsna_by_reader",
)
"""Names of the columns, units in them; a value that is undefined is left empty."""


def row_of(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> Row:
    """Give a report as values of `COLUMNS`, without identifiers.

    Parameters
    ----------
    case : SeverityCase
        What was measured on.
    report : SeverityReport
        What was measured.
    facts : ReportFacts
        How the mask came about.
    """
    row: dict[str, Value] = {
        "covseg": facts.covseg,
        "created_utc": facts.created_utc,
        "image_is_hu": int(case.ct.is_hu),
        "image_is_synthetic": int(case.ct.source.is_synthetic),
        "mask_sha256": facts.mask_sha256,
        "rung": str(report.rung),
        "level": report.level,
        "co_rads_by_reader": facts.judgement.co_rads,
        "rsna_by_reader": facts.judgement.rsna,
    }
    if facts.origin is not None:
        row |= {
            "mask_kind": facts.origin.kind,
            "mask_model": facts.origin.model,
            "mask_model_sha256": facts.origin.weights_sha256,
        }
    for side in _SIDES:
        row |= _of_side(side, getattr(report.opacity, side))
    row |= _scores(report) | _regions(report) | _density(report)
    if report.distribution is not None:
        row |= _places(report.distribution)
    return row


def as_csv(
    rows: Iterable[Row], before: tuple[str, ...] = (), after: tuple[str, ...] = ()
) -> str:
    """Write rows with their head, in full precision.

    Parameters
    ----------
    rows : iterable of mapping
        Values by column; what is missing or None is left empty.
    before, after : tuple of str
        Columns around `COLUMNS`.
    """
    text = io.StringIO(newline="")
    columns = (*before, *COLUMNS, *after)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _safe(value: Value) -> Value:
    """Keep a spreadsheet from taking words for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(words: str) -> bool:
    try:
        float(words)
    except ValueError:
        return False
    return True


def _of_side(side: str, opacity: RegionOpacity) -> dict[str, Value]:
    return {
        f"{side}_lung_ml": opacity.lung_ml,
        f"{side}_ggo_ml": opacity.lesion_ml.get("ggo"),
        f"{side}_consolidation_ml": opacity.lesion_ml.get("consolidation"),
        f"{side}_infection_ml": opacity.infection_ml,
        f"{side}_percent_opacity": opacity.percent_opacity,
        f"{side}_percent_high_opacity": opacity.percent_high_opacity,
    }


def _scores(report: SeverityReport) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key in _SCORES:
        if (score := report.score(key)) is not None:
            values |= {
                f"{key}_total": score.total,
                f"{key}_maximum": score.maximum,
                f"{key}_rung": str(score.rung),
                f"{key}_is_as_published": int(score.is_as_published),
            }
    return values


def _regions(report: SeverityReport) -> dict[str, Value]:
    return {
        f"{region.key}_percent_opacity": opacity.percent_opacity
        for region, opacity in report.regions
    }


def _density(report: SeverityReport) -> dict[str, Value]:
    if report.density is None:
        return {}
    spreads = {"lungs": report.density.lungs, "infection": report.density.infection}
    return {
        f"{where}_{name}": getattr(spread, name)
        for where, spread in spreads.items()
        for name in _SPREAD
        if spread is not None
    }


def _places(found: Distribution) -> dict[str, Value]:
    values: dict[str, Value] = {
        "laterality": found.laterality,
        "peripheral_mm": found.peripheral_mm,
        "lesion_count": found.lesion_count,
        "largest_lesion_ml": found.largest_ml,
    }
    for name in _PLACES:
        for part in getattr(found, name):
            values[f"{part.key}_percent_of_infection"] = part.percent_of_infection
    return values
