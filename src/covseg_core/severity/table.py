"""A severity report as a table: one row per score, one column per lung."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covseg_core.labels import LabelSet
    from covseg_core.severity.opacity import RegionOpacity
    from covseg_core.severity.regions import Side
    from covseg_core.severity.report import SeverityReport
    from covseg_core.severity.scoring import ScoreResult

__all__ = ["REGIONS", "Score", "ScoreRow", "as_csv", "as_text", "rows_of"]

REGIONS = ("right", "left", "both")
"""Columns of the table; right and left are the patient's."""
_TITLES = ("Right", "Left", "Both")
_NOTHING = "–"


@dataclass(frozen=True)
class Score:
    """Something that is measured in each lung.

    Parameters
    ----------
    title : str
        Name on screen.
    unit : str
        ``ml``, ``%`` or ``points``.
    help : str
        What it means, in a sentence.
    """

    title: str
    unit: str
    help: str


@dataclass(frozen=True)
class ScoreRow:
    """A score and its values, None where undefined, in the order of `REGIONS`.

    Parameters
    ----------
    score : Score
        Which.
    values : tuple of float or None
        One for each column.
    maxima : tuple of int, optional
        The most points that each could be.
    """

    score: Score
    values: tuple[float | None, ...]
    maxima: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Name and unit, such as ``Opacity (%)``; points tell their own."""
        if self.maxima:
            return self.score.title
        return f"{self.score.title} ({self.score.unit})"

    @property
    def words(self) -> tuple[str, ...]:
        """The values as they are shown, a dash where one is undefined."""
        if self.maxima:
            pairs = zip(self.values, self.maxima, strict=True)
            return tuple(f"{_shown(value, '.0f')}/{most}" for value, most in pairs)
        return tuple(_shown(value, ".1f") for value in self.values)


def rows_of(report: SeverityReport, label_set: LabelSet) -> tuple[ScoreRow, ...]:
    """Make the rows of a report on a mask of these classes."""
    each = [_volume(report, label.key, label.title) for label in label_set.classes]
    lesions = [*each, *([_infection(report)] if len(each) > 1 else [])]
    scores = (_points(result) for result in report.scores)
    return (_lung(report), *lesions, *_shares(report), *scores)


def as_text(rows: Iterable[ScoreRow]) -> str:
    """Write rows as they are shown, with tabs between columns."""
    lines = (("Score", *_TITLES), *((row.title, *row.words) for row in rows))
    return "\n".join("\t".join(line) for line in lines)


def as_csv(rows: Iterable[ScoreRow]) -> str:
    """Write rows as CSV in full precision, empty where a value is undefined."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("score", "unit", *REGIONS))
    for row in rows:
        writer.writerow((row.score.title, row.score.unit, *row.values))
    return text.getvalue()


def _shown(value: float | None, form: str) -> str:
    if value is None:
        return _NOTHING
    return f"{value:{form}}" if value < 1000 else f"{value:.0f}"


def _row(
    report: SeverityReport, score: Score, take: Callable[[RegionOpacity], float | None]
) -> ScoreRow:
    regions = (getattr(report.opacity, name) for name in REGIONS)
    return ScoreRow(score, tuple(take(region) for region in regions))


def _lung(report: SeverityReport) -> ScoreRow:
    score = Score("Lung", "ml", "Volume of the lung, infection included.")
    return _row(report, score, lambda region: region.lung_ml)


def _volume(report: SeverityReport, key: str, title: str) -> ScoreRow:
    score = Score(title, "ml", f"Volume outlined as {title.lower()}.")
    return _row(report, score, lambda region: region.lesion_ml[key])


def _infection(report: SeverityReport) -> ScoreRow:
    score = Score("All infection", "ml", "Volume of all classes together.")
    return _row(report, score, lambda region: region.infection_ml)


def _shares(report: SeverityReport) -> tuple[ScoreRow, ScoreRow]:
    opacity = Score(
        "Opacity", "%", "Share of the lung that is infected (percentage of opacity)."
    )
    high = Score(
        "High opacity",
        "%",
        "Share of the lung that is infected and denser than -200 HU. "
        "Undefined where the scan is not in Hounsfield units.",
    )
    return (
        _row(report, opacity, lambda region: region.percent_opacity),
        _row(report, high, lambda region: region.percent_high_opacity),
    )


def _points(result: ScoreResult) -> ScoreRow:
    definition = result.definition
    sentences = (f"On {result.rung}.", f"Points: {definition.rule}.", *result.remarks)
    mark = "" if result.is_as_published else " *"
    sides: tuple[Side, Side] = ("right", "left")
    return ScoreRow(
        Score(f"{definition.title}{mark}", "points", " ".join(sentences)),
        (*(result.of_side(side) for side in sides), result.total),
        (*(result.maximum_of(side) for side in sides), result.maximum),
    )
