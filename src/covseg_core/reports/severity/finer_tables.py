"""Tables of what is measured only when somebody asks: agreement, interval, change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.labels import INFECTION, LESIONS
from covseg_core.reports.severity.table import NOTHING, Table
from covseg_core.reports.severity.words import in_ml, in_percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covseg_core.severity.agreement import Agreement, Overlap
    from covseg_core.severity.change import Change, Delta
    from covseg_core.severity.interval import Interval, Range

__all__ = ["table_of_agreement", "table_of_change", "table_of_interval"]

_CLASSES = {label.key: label.title for label in (*INFECTION.classes, *LESIONS.classes)}
_VOLUMES = {"infection": "All infection", "lung": "Lung"}
_REGIONS = {"both": "Both lungs", "right": "Right lung", "left": "Left lung"}
_FIGURES = {
    "infection_ml": "all infection",
    "ggo_ml": "ground-glass opacity",
    "consolidation_ml": "consolidation",
    "percent_opacity": "opacity",
    "percent_high_opacity": "high opacity",
}


def table_of_agreement(agreement: Agreement) -> Table:
    """Put the overlap with a reader's mask in a table."""
    rows = [("All infection", agreement.overall)]
    rows += [(_CLASSES[key], one) for key, one in agreement.classes.items()]
    rows += [(_REGIONS[key], one) for key, one in agreement.lungs.items()]
    return Table(
        "agreement",
        "Agreement with a reader's mask",
        ("", "DSC", "Mask", "Reader", "Difference"),
        tuple((name, *_overlap(one)) for name, one in rows),
        " ".join(("DSC: Dice similarity coefficient.", *agreement.remarks)),
    )


def table_of_interval(interval: Interval) -> Table:
    """Put the intervals of both lungs and of each in a table."""
    rows = []
    for region, figures in interval.figures.items():
        for key, one in figures.items():
            written = in_ml if key.endswith("_ml") else in_percent
            name = f"{_REGIONS[region]}, {_FIGURES.get(key, key.replace('_', ' '))}"
            rows.append((name, *_range(one, written)))
    return Table(
        "interval",
        f"{interval.level_percent:g} % interval from the model's probabilities",
        ("", "Mask", "From", "To"),
        tuple(rows),
        " ".join(interval.remarks),
    )


def table_of_change(change: Change) -> Table:
    """Put what changed since an earlier scan in a table."""
    match = change.match
    since = "" if change.days is None else f", {change.days:g} days before"
    return Table(
        "change",
        f"Change since an earlier scan{since}",
        ("", "Earlier", "Later", "Difference", "Per day"),
        tuple(_changes(change)),
        " ".join(
            (
                f"Lungs matched by a turn of {match.rigid.angle_degrees:.1f}° and a "
                f"shift of {match.rigid.distance_mm:.0f} mm; their overlap (Dice) went "
                f"from {match.dice_before:.2f} to {match.dice_after:.2f}.",
                "pp: percentage points.",
                *change.remarks,
            )
        ),
    )


def _changes(change: Change) -> Iterator[tuple[str, ...]]:
    for key, one in change.volumes_ml.items():
        name = _VOLUMES.get(key) or _CLASSES[key]
        yield (name, in_ml(one.earlier), in_ml(one.later), *_delta(one, "ml"))
    for key, one in change.percent_opacity.items():
        ends = in_percent(one.earlier), in_percent(one.later)
        yield (f"Opacity, {_REGIONS[key].lower()}", *ends, *_delta(one, "pp"))
    for score in change.scores:
        ends = _points(score.earlier), _points(score.later)
        more = NOTHING if score.difference is None else f"{score.difference:+d}"
        yield (f"{score.title} (of {score.maximum})", *ends, more, NOTHING)
    places = {
        "New infection": change.places.new_ml,
        "Resolved infection": change.places.resolved_ml,
        "Persistent infection": change.places.persistent_ml,
        "Ground glass consolidated since": change.places.denser_ml,
        "Consolidation less dense since": change.places.lighter_ml,
    }
    for name, volume in places.items():
        if volume is not None:
            yield (name, NOTHING, in_ml(volume), NOTHING, NOTHING)


def _delta(one: Delta, unit: str) -> tuple[str, str]:
    rate = NOTHING if one.per_day is None else f"{one.per_day:+.2f} {unit}"
    return f"{one.difference:+.1f} {unit}", rate


def _points(total: int | None) -> str:
    return "not scorable" if total is None else str(total)


def _overlap(one: Overlap) -> tuple[str, ...]:
    share = one.difference_percent
    more = f"{one.difference_ml:+.1f} ml"
    return (
        NOTHING if one.dsc is None else f"{one.dsc:.3f}",
        in_ml(one.ml),
        in_ml(one.reader_ml),
        more if share is None else f"{more} ({share:+.1f} %)",
    )


def _range(one: Range, written: Callable[[float | None], str]) -> tuple[str, ...]:
    return tuple(map(written, (one.measured, one.low, one.high)))
