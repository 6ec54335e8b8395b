"""What changed between two scans of a patient: volumes, scores and places."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from covseg_core.errors import UsageError
from covseg_core.severity.matching import LungMatch, MatchSettings, match_lungs
from covseg_core.severity.places import compare_places
from covseg_core.severity.score_change import ScoreChange, compare_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.severity.opacity import OpacityReport, RegionOpacity
    from covseg_core.severity.places import PlaceChange
    from covseg_core.severity.score_change import Measured
    from covseg_core.volume import LabelVolume, LesionMask, LungMask

__all__ = [
    "Change",
    "Delta",
    "Visit",
    "measure_change",
]


@dataclass(frozen=True, eq=False)
class Visit:
    """A scan of the patient: its masks on one grid, and what was measured."""

    lesions: LesionMask
    lungs: LungMask
    report: Measured


@dataclass(frozen=True)
class Delta:
    """A figure at two visits.

    Parameters
    ----------
    earlier, later : float
        In the unit of the figure.
    difference : float
        The later less the earlier one.
    percent : float or None
        The difference by the earlier figure; None where that is 0.
    per_day : float or None
        The difference by the days between; None if they are not known.
    """

    earlier: float
    later: float
    difference: float
    percent: float | None
    per_day: float | None

    @classmethod
    def of(cls, earlier: float, later: float, days: float | None) -> Delta:
        """Compare two figures."""
        difference = later - earlier
        percent = 100.0 * difference / earlier if earlier else None
        return cls(earlier, later, difference, percent, _rate(difference, days))


@dataclass(frozen=True, eq=False)
class Change:
    """What changed from the earlier to the later scan.

    Parameters
    ----------
    days : float or None
        Between the scans.
    volumes_ml : dict of str to Delta
        By ``infection``, each class that both masks tell apart, and ``lung``.
    percent_opacity : dict of str to Delta
        By ``both``, ``right``, ``left``, in percentage points; a lung without a
        share is left out.
    scores : tuple of ScoreChange
        Those that both reports give to the same regions.
    places : PlaceChange
        After matching.
    match : LungMatch
        How the earlier scan was laid onto the later one.
    map : LabelVolume
        `CHANGES` on the grid of the later scan.
    remarks : tuple of str
        What a careful reader should know.
    """

    days: float | None
    volumes_ml: dict[str, Delta]
    percent_opacity: dict[str, Delta]
    scores: tuple[ScoreChange, ...]
    places: PlaceChange
    match: LungMatch
    map: LabelVolume
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; the map is left out."""
        return {
            "days": self.days,
            "volumes_ml": {key: asdict(one) for key, one in self.volumes_ml.items()},
            "percent_opacity": {
                key: asdict(one) for key, one in self.percent_opacity.items()
            },
            "scores": {one.key: one.as_dict() for one in self.scores},
            "places": asdict(self.places),
            "match": self.match.as_dict(),
            "remarks": list(self.remarks),
        }


_DEFAULTS = MatchSettings()
_REGIONS = "both", "right", "left"
_LOST_SHARE = 0.05


def measure_change(
    earlier: Visit,
    later: Visit,
    *,
    days: float | None = None,
    settings: MatchSettings = _DEFAULTS,
) -> Change:
    """Measure what changed between two scans of a patient.

    Parameters
    ----------
    earlier, later : Visit
        In the order of time.
    days : float, optional
        Between the scans, for rates.
    settings : MatchSettings
        How lungs are matched.

    Raises
    ------
    InputRefusedError
        If a lung mask is empty.
    UsageError
        If `days` is not a number above 0.
    """
    if days is not None and not (math.isfinite(days) and days > 0):
        raise UsageError(
            f"there are {days:g} days between the scans; a number above 0 is needed. "
            "Give the scans in the order of time, or leave the days out."
        )
    match = match_lungs(later.lungs, earlier.lungs, settings)
    places, changes = compare_places(earlier.lesions, later.lesions, match.rigid)
    scores = compare_scores(earlier.report, later.report)
    before, after = earlier.report.opacity, later.report.opacity
    return Change(
        days=days,
        volumes_ml=dict(_volumes(before.both, after.both, days)),
        percent_opacity=dict(_shares(before, after, days)),
        scores=scores,
        places=places,
        match=match,
        map=changes,
        remarks=(*match.remarks, *_remarks(earlier, later, places, scores)),
    )


def _volumes(
    earlier: RegionOpacity, later: RegionOpacity, days: float | None
) -> Iterator[tuple[str, Delta]]:
    yield "infection", Delta.of(earlier.infection_ml, later.infection_ml, days)
    if set(earlier.lesion_ml) == set(later.lesion_ml):
        for key, volume in earlier.lesion_ml.items():
            yield key, Delta.of(volume, later.lesion_ml[key], days)
    yield "lung", Delta.of(earlier.lung_ml, later.lung_ml, days)


def _shares(
    earlier: OpacityReport, later: OpacityReport, days: float | None
) -> Iterator[tuple[str, Delta]]:
    for region in _REGIONS:
        old, new = (getattr(one, region).percent_opacity for one in (earlier, later))
        if old is not None and new is not None:
            yield region, Delta.of(old, new, days)


def _remarks(
    earlier: Visit,
    later: Visit,
    places: PlaceChange,
    scores: tuple[ScoreChange, ...],
) -> Iterator[str]:
    total = earlier.report.opacity.both.infection_ml
    lost = total - places.persistent_ml - places.resolved_ml
    if lost > _LOST_SHARE * total:
        yield (
            f"{lost:.1f} ml of the earlier infection lie outside the later scan, and "
            "are not counted as resolved."
        )
    if earlier.lesions.is_multi != later.lesions.is_multi:
        yield "Only one of the masks tells classes apart: all infection is compared."
    compared = {one.key for one in scores}
    for old in earlier.report.scores:
        if old.definition.key not in compared:
            yield (
                f"{old.definition.title} is not compared: it was not given to the same "
                "regions both times."
            )


def _rate(difference: float, days: float | None) -> float | None:
    return None if days is None else difference / days
