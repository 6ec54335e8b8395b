"""An evaluation in words: lines for a terminal and rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

from covseg_core.metrics.published import PUBLISHED, PUBLISHED_NOTE
from covseg_core.metrics.scores import ANY_CLASS, MEASURES, PAPER_MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.metrics.summary import CaseScores

__all__ = [
    "MEASURE_TITLES",
    "case_lines",
    "cases_as_csv",
    "comparison_lines",
    "mean_lines",
    "published_lines",
]

MEASURE_TITLES = {
    "dice": "Dice",
    "sensitivity": "Sen",
    "specificity": "Spe",
    "s_measure": "S",
    "e_measure": "E",
    "mae": "MAE",
    "iou": "IoU",
    "precision": "Precision",
    "hd95_mm": "HD95 mm",
    "surface_dice": "Surface Dice",
}
UNDEFINED = "-"
MOST_CASES = 30
VOXELS = ("truth_voxels", "predicted_voxels")


def mean_lines(means: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Write `summary.summarise` as one table for each target."""
    lines = []
    for target, measures in means.items():
        head = f"{target:15}{'mean':>8}{'± 1.96 SE':>18}{'bootstrap':>18}"
        lines += ["", f"{head}{'n':>6}{'undefined':>11}"]
        for measure, each in measures.items():
            lines.append(
                f"  {MEASURE_TITLES[measure]:13}{_number(each['mean']):>8}"
                f"{_range(each['low'], each['high']):>18}"
                f"{_range(each['bootstrap_low'], each['bootstrap_high']):>18}"
                f"{each['n']:>6}{each['undefined'] or '':>11}"
            )
    return lines


def case_lines(cases: Sequence[CaseScores]) -> list[str]:
    """Write the infection of each case, the papers' six measures in their order."""
    width = max(len(case.name) for case in cases) + 2
    titles = "".join(f"{MEASURE_TITLES[each]:>8}" for each in PAPER_MEASURES)
    lines = ["", f"{ANY_CLASS:{width}}{titles}"]
    for case in cases[:MOST_CASES]:
        scores = case.scores[ANY_CLASS]
        numbers = "".join(f"{_number(scores[each]):>8}" for each in PAPER_MEASURES)
        lines.append(f"{case.name:{width}}{numbers}")
    if len(cases) > MOST_CASES:
        lines.append(f"… and {len(cases) - MOST_CASES} more; --csv writes them all.")
    return lines


def comparison_lines(comparison: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Write `summary.compare_cases` as one table for each target."""
    lines = []
    for target, measures in comparison.items():
        head = f"{target:15}{'other':>8}{'this':>8}{'difference':>12}"
        lines += ["", f"{head}{'95 %':>19}{'p':>9}{'n':>6}"]
        for measure, each in measures.items():
            lines.append(
                f"  {MEASURE_TITLES[measure]:13}{_number(each['mean_before']):>8}"
                f"{_number(each['mean_after']):>8}"
                f"{_number(each['difference'], sign=True):>12}"
                f"{_range(each['low'], each['high'], sign=True):>19}"
                f"{_p_value(each['p_value']):>9}{each['n']:>6}"
            )
    return lines


def published_lines() -> list[str]:
    """Write the papers' own numbers, marked as such."""
    titles = "".join(f"{MEASURE_TITLES[each]:>7}" for each in PAPER_MEASURES)
    lines = ["", PUBLISHED_NOTE, f"{'':37}{titles}{'slices':>8}  source"]
    for row in PUBLISHED:
        values = [getattr(row, each) for each in PAPER_MEASURES]
        numbers = "".join(f"{_number(each):>7}" for each in values)
        name = f"{row.method:22}{row.target:15}"
        lines.append(f"{name}{numbers}{row.slices:>8}  {row.source}")
    return lines


def cases_as_csv(cases: Sequence[CaseScores], protocol: str) -> str:
    """Write one row for each case and target; undefined measures stay empty."""
    columns = [*MEASURES[protocol], *VOXELS]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", "target", *columns])
    for case in cases:
        for target, scores in case.scores.items():
            values = [scores.get(column, math.nan) for column in columns]
            writer.writerow(
                [
                    case.name,
                    target,
                    *("" if math.isnan(value) else value for value in values),
                ]
            )
    return stream.getvalue()


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None or math.isnan(value):
        return UNDEFINED
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def _range(low: float, high: float, *, sign: bool = False) -> str:
    if math.isnan(low):
        return UNDEFINED
    return f"{_number(low, sign=sign)} to {_number(high, sign=sign)}"


def _p_value(value: float) -> str:
    if math.isnan(value):
        return UNDEFINED
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
