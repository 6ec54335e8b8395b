"""How the points of scores changed between two scans of a patient."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.severity.opacity import OpacityReport
    from covseg_core.severity.regions import Region
    from covseg_core.severity.scoring import ScoreResult

__all__ = ["Measured", "RegionChange", "ScoreChange", "compare_scores"]


class Measured(Protocol):
    """What a comparison needs of a report; see `severity.report.SeverityReport`."""

    @property
    def opacity(self) -> OpacityReport:
        """Volumes and shares."""

    @property
    def scores(self) -> tuple[ScoreResult, ...]:
        """Every score."""

    def score(self, key: str) -> ScoreResult | None:
        """Look up a score by its key."""


@dataclass(frozen=True)
class RegionChange:
    """Points of one region at two visits; None where it could not be scored."""

    region: Region
    earlier: int | None
    later: int | None

    @property
    def difference(self) -> int | None:
        """The later less the earlier points; None unless both are known."""
        return _less(self.later, self.earlier)


@dataclass(frozen=True)
class ScoreChange:
    """A score at two visits, given to the same regions.

    Parameters
    ----------
    key, title : str
        Of the score.
    earlier, later : int or None
        Totals; None where a region could not be scored.
    maximum : int
        Of the total.
    regions : tuple of RegionChange
        Each region.
    """

    key: str
    title: str
    earlier: int | None
    later: int | None
    maximum: int
    regions: tuple[RegionChange, ...]

    @property
    def difference(self) -> int | None:
        """The later less the earlier total; None unless both are known."""
        return _less(self.later, self.earlier)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            "title": self.title,
            "earlier": self.earlier,
            "later": self.later,
            "difference": self.difference,
            "maximum": self.maximum,
            "regions": [
                asdict(one.region)
                | {
                    "earlier": one.earlier,
                    "later": one.later,
                    "difference": one.difference,
                }
                for one in self.regions
            ],
        }


def compare_scores(earlier: Measured, later: Measured) -> tuple[ScoreChange, ...]:
    """Compare the scores that two reports give to the same regions."""
    return tuple(_change(old, new) for old, new in _pairs(earlier, later))


def _pairs(
    earlier: Measured, later: Measured
) -> Iterator[tuple[ScoreResult, ScoreResult]]:
    for old in earlier.scores:
        new = later.score(old.definition.key)
        if new is not None and new.rung == old.rung:
            yield old, new


def _change(old: ScoreResult, new: ScoreResult) -> ScoreChange:
    return ScoreChange(
        key=old.definition.key,
        title=old.definition.title,
        earlier=old.total,
        later=new.total,
        maximum=new.maximum,
        regions=tuple(
            RegionChange(before.region, before.points, after.points)
            for before, after in zip(old.regions, new.regions, strict=True)
        ),
    )


def _less(later: int | None, earlier: int | None) -> int | None:
    return None if later is None or earlier is None else later - earlier
