"""The tables of a report on severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.reports.severity.finer_tables import (
    table_of_agreement,
    table_of_change,
    table_of_interval,
)
from covseg_core.reports.severity.table import NOTHING, Table
from covseg_core.reports.severity.words import in_ml, in_percent
from covseg_core.severity.density import BANDS
from covseg_core.severity.table import REGIONS, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.labels import LabelSet
    from covseg_core.severity.density import Density, HuSpread
    from covseg_core.severity.distribution import Distribution, PartShare
    from covseg_core.severity.report import SeverityReport
    from covseg_core.severity.scoring import ScoreResult

__all__ = ["tables_of"]


def tables_of(report: SeverityReport, label_set: LabelSet) -> tuple[Table, ...]:
    """Make every table that a report has values for.

    Parameters
    ----------
    report : SeverityReport
        What was measured.
    label_set : LabelSet
        Classes of the mask.
    """
    return tuple(_tables(report, label_set))


def _tables(report: SeverityReport, label_set: LabelSet) -> Iterator[Table]:
    yield _by_lung(report, label_set)
    yield _scores(report)
    yield _by_region(report)
    if report.distribution is not None:
        yield _places(report.distribution)
    if report.density is not None:
        yield _density(report.density)
    if report.agreement is not None:
        yield table_of_agreement(report.agreement)
    if report.interval is not None:
        yield table_of_interval(report.interval)
    if report.change is not None:
        yield table_of_change(report.change)


def _by_lung(report: SeverityReport, label_set: LabelSet) -> Table:
    rows = [row for row in rows_of(report, label_set) if not row.maxima]
    return Table(
        "by_lung",
        "By lung",
        ("", *(name.capitalize() for name in REGIONS)),
        tuple((row.title, *row.words) for row in rows),
        "High opacity: infected voxels above -200 HU. Sides are the patient's.",
    )


def _scores(report: SeverityReport) -> Table:
    notes = list(dict.fromkeys(note for one in report.scores for note in one.remarks))
    mark = "" if all(one.is_as_published for one in report.scores) else "* "
    return Table(
        "scores",
        "Scores",
        ("Score", "Points", "Right", "Left", "Given to", "Points of a region"),
        tuple(_score(one) for one in report.scores),
        mark + " ".join(notes),
        words=(4, 5),
    )


def _score(one: ScoreResult) -> tuple[str, ...]:
    title = one.definition.title
    return (
        title if one.is_as_published else f"{title} *",
        _of(one.total, one.maximum),
        _of(one.of_side("right"), one.maximum_of("right")),
        _of(one.of_side("left"), one.maximum_of("left")),
        str(one.rung),
        one.definition.rule,
    )


def _of(points: int | None, most: int) -> str:
    return "not scorable" if points is None else f"{points} of {most}"


def _by_region(report: SeverityReport) -> Table:
    scores = [one for one in report.scores if one.rung == report.rung]
    points = {
        (one.definition.key, each.region.key): each.points
        for one in scores
        for each in one.regions
    }
    rows = []
    for region, opacity in report.regions:
        given = (points.get((one.definition.key, region.key)) for one in scores)
        rows.append(
            (
                region.title,
                in_ml(opacity.lung_ml),
                in_ml(opacity.infection_ml),
                in_percent(opacity.percent_opacity),
                in_percent(opacity.percent_high_opacity),
                *(NOTHING if one is None else str(one) for one in given),
            )
        )
    titles = (one.definition.title for one in scores)
    return Table(
        "by_region",
        f"By region: {report.rung}",
        ("Region", "Volume", "Infected", "Opacity", "High opacity", *titles),
        tuple(rows),
        "A dash means not scorable: there is no voxel of the region.",
    )


def _places(found: Distribution) -> Table:
    halves = (
        ("Right lung", found.sides[0]),
        ("Left lung", found.sides[1]),
        *((f"{one.key.capitalize()} third", one) for one in found.heights),
        *((_of_depth(one, found), one) for one in found.depths),
        *((f"{one.key.capitalize()} half", one) for one in found.faces),
    )
    return Table(
        "distribution",
        "Where infection lies",
        ("Part", "Infected", "Of all infection", "Of the part"),
        tuple(
            (
                name,
                in_ml(one.infection_ml),
                in_percent(one.percent_of_infection),
                in_percent(one.percent_opacity),
            )
            for name, one in halves
        ),
        f"Separate lesions: {found.lesion_count}; the largest has "
        f"{in_ml(found.largest_ml)}."
        if found.lesion_count
        else "",
    )


def _of_depth(one: PartShare, found: Distribution) -> str:
    if one.key == "peripheral":
        return f"Peripheral (within {found.peripheral_mm:g} mm)"
    return one.key.capitalize()


def _density(density: Density) -> Table:
    spreads = (density.lungs, density.infection)
    rows = [
        ("Mean ± SD (HU)", *map(_mean, spreads)),
        ("Median (HU)", *map(_median, spreads)),
        ("5th to 95th percentile (HU)", *map(_range, spreads)),
    ]
    rows += [
        (f"{band.title} ({band.words})", *(_share(one, band.key) for one in spreads))
        for band in BANDS
    ]
    return Table("density", "Density", ("", "Lungs", "Infection"), tuple(rows))


def _mean(one: HuSpread | None) -> str:
    return NOTHING if one is None else f"{one.mean_hu:.0f} ± {one.sd_hu:.0f}"


def _median(one: HuSpread | None) -> str:
    return NOTHING if one is None else str(one.median_hu)


def _range(one: HuSpread | None) -> str:
    return NOTHING if one is None else f"{one.p5_hu} to {one.p95_hu}"


def _share(one: HuSpread | None, key: str) -> str:
    return in_percent(None if one is None else one.band_percent[key])
