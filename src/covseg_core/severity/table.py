"""A severity report as a table: one row per score, one column per lung."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covseg_core.labels import LabelSet
    from covseg_core.severity.opacity import OpacityReport, RegionOpacity

__all__ = ["REGIONS", "Score", "ScoreRow", "as_csv", "as_text", "rows_of", "scores_of"]

REGIONS = ("right", "left", "both")
"""Columns of the table; right and left are the patient's."""
_NOTHING = "–"


@dataclass(frozen=True)
class Score:
    """Something that is measured in each lung.

    Parameters
    ----------
    title : str
        Name on screen.
    unit : str
        ``ml`` or ``%``.
    help : str
        What it means, in a sentence.
    measure : callable
        Takes it from a region; None where it is undefined.
    """

    title: str
    unit: str
    help: str
    measure: Callable[[RegionOpacity], float | None]


@dataclass(frozen=True)
class ScoreRow:
    """A score and its values, None where undefined, in the order of `REGIONS`."""

    score: Score
    values: tuple[float | None, ...]

    @property
    def title(self) -> str:
        """Name and unit, such as ``Opacity (%)``."""
        return f"{self.score.title} ({self.score.unit})"

    @property
    def words(self) -> tuple[str, ...]:
        """The values as they are shown, a dash where one is undefined."""
        return tuple(
            _NOTHING if value is None else _shown(value) for value in self.values
        )


def scores_of(label_set: LabelSet) -> tuple[Score, ...]:
    """List what is measured in masks of these classes, in order."""
    classes = label_set.classes
    each = tuple(_volume_of(label.key, label.title) for label in classes)
    return (_LUNG, *each, *((_INFECTION,) if len(classes) > 1 else ()), *_SHARES)


def rows_of(report: OpacityReport, label_set: LabelSet) -> tuple[ScoreRow, ...]:
    """Make the rows of a report on a mask of these classes."""
    regions = [getattr(report, name) for name in REGIONS]
    return tuple(
        ScoreRow(score, tuple(score.measure(region) for region in regions))
        for score in scores_of(label_set)
    )


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


def _shown(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _volume_of(key: str, title: str) -> Score:
    return Score(
        title,
        "ml",
        f"Volume outlined as {title.lower()}.",
        lambda region: region.lesion_ml[key],
    )


_TITLES = ("Right", "Left", "Both")
_LUNG = Score(
    "Lung",
    "ml",
    "Volume of the lung, infection included.",
    lambda region: region.lung_ml,
)
_INFECTION = Score(
    "All infection",
    "ml",
    "Volume of all classes together.",
    lambda region: region.infection_ml,
)
_SHARES = (
    Score(
        "Opacity",
        "%",
        "Share of the lung that is infected (percentage of opacity).",
        lambda region: region.percent_opacity,
    ),
    Score(
        "High opacity",
        "%",
        "Share of the lung that is infected and denser than -200 HU. "
        "Undefined where the scan is not in Hounsfield units.",
        lambda region: region.percent_high_opacity,
    ),
)
