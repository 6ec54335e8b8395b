"""Score regions by how much of each is infected, in whole numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.severity.counts import RegionCount
    from covseg_core.severity.regions import Region, Rung, Side

__all__ = ["Edge", "RegionPoints", "ScoreDefinition", "ScoreResult", "give_points"]

Edge: TypeAlias = tuple[Literal["<", "<="], int]
"""How much of a region, in percent, still earns the points below the edge."""
_SIGNS = {"<": "<", "<=": "≤"}


@dataclass(frozen=True)
class ScoreDefinition:
    """A published score that is a sum over regions.

    Parameters
    ----------
    key : str
        Name in files.
    title : str
        Name on screen.
    edges : tuple of Edge
        Ascending.  A region without infection has 0 points, one below the first
        edge 1, and one more for each edge that it passes.
    meant_for : str
        Regions of the publication.
    rung : Rung or None
        The same, if they can be told here.
    source : str
        The publication.
    reading : str
        What its authors found, empty if they gave no limit.
    of_dense : bool
        Whether only infection above -200 HU counts.
    """

    key: str
    title: str
    edges: tuple[Edge, ...]
    meant_for: str
    rung: Rung | None
    source: str
    reading: str = ""
    of_dense: bool = False

    @property
    def most_points(self) -> int:
        """Points of a region that is wholly infected."""
        return len(self.edges) + 1

    @property
    def rule(self) -> str:
        """The edges in words."""
        parts = ["0: none"]
        parts += [
            f"{points}: {_SIGNS[sign]} {percent} %"
            for points, (sign, percent) in enumerate(self.edges, 1)
        ]
        sign, percent = self.edges[-1]
        above = "≥" if sign == "<" else ">"
        return "; ".join([*parts, f"{self.most_points}: {above} {percent} %"])

    def points(self, infected: int, voxels: int) -> int | None:
        """Give the points of a region by its voxels; None if it has none."""
        if voxels == 0:
            return None
        if infected == 0:
            return 0
        return 1 + sum(not _is_below(edge, infected, voxels) for edge in self.edges)


@dataclass(frozen=True)
class RegionPoints:
    """Points of one region, by the voxels that count; None where it has no voxel."""

    region: Region
    infected: int
    voxels: int
    points: int | None

    @property
    def percent(self) -> float | None:
        """Share of the region that counts."""
        return 100.0 * self.infected / self.voxels if self.voxels else None


@dataclass(frozen=True)
class ScoreResult:
    """A score of one scan.

    Parameters
    ----------
    definition : ScoreDefinition
        Which score.
    rung : Rung
        What regions it was given to.
    regions : tuple of RegionPoints
        Each region.
    """

    definition: ScoreDefinition
    rung: Rung
    regions: tuple[RegionPoints, ...]

    @property
    def total(self) -> int | None:
        """Points of all regions; None if one of them cannot be scored."""
        return self._sum(self.regions)

    @property
    def maximum(self) -> int:
        """What `total` would be if both lungs were wholly infected."""
        return len(self.regions) * self.definition.most_points

    @property
    def is_as_published(self) -> bool:
        """Whether the regions are those of the publication."""
        return self.rung == self.definition.rung

    def of_side(self, side: Side) -> int | None:
        """Sum the points of one lung; None if a region of it cannot be scored."""
        return self._sum([one for one in self.regions if one.region.side == side])

    def maximum_of(self, side: Side) -> int:
        """Tell what `of_side` would be in a wholly infected lung."""
        inside = sum(one.region.side == side for one in self.regions)
        return inside * self.definition.most_points

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the total has to know."""
        return tuple(filter(None, (self._about_rung(), self._about_gaps())))

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            "title": self.definition.title,
            "total": self.total,
            "maximum": self.maximum,
            "right": self.of_side("right"),
            "left": self.of_side("left"),
            "rung": str(self.rung),
            "is_as_published": self.is_as_published,
            "rule": self.definition.rule,
            "reading": self.definition.reading,
            "source": self.definition.source,
            "remarks": list(self.remarks),
            "regions": [
                asdict(one.region) | {"percent": one.percent, "points": one.points}
                for one in self.regions
            ],
        }

    def _about_rung(self) -> str:
        if self.is_as_published:
            return ""
        return (
            f"Given to {self.rung}; not to be compared with published totals, which "
            f"are over {self.definition.meant_for}."
        )

    def _about_gaps(self) -> str:
        empty = [one.region.title.lower() for one in self.regions if one.points is None]
        if not empty:
            return ""
        scored = len(self.regions) - len(empty)
        points = sum(one.points or 0 for one in self.regions)
        most = scored * self.definition.most_points
        return (
            f"Not scorable, as there is no voxel of it: {', '.join(empty)}. The other "
            f"{scored} regions have {points} of {most} points."
        )

    @staticmethod
    def _sum(regions: Sequence[RegionPoints]) -> int | None:
        points = [one.points for one in regions]
        return None if None in points else sum(one or 0 for one in points)


def give_points(
    definition: ScoreDefinition, rung: Rung, counts: Sequence[RegionCount]
) -> ScoreResult:
    """Score regions; one infected voxel is enough for the first point.

    Raises
    ------
    InputRefusedError
        If dense infection shall be scored and the scan is not in HU.
    """
    return ScoreResult(
        definition, rung, tuple(_score(definition, one) for one in counts)
    )


def _score(definition: ScoreDefinition, count: RegionCount) -> RegionPoints:
    infected = count.dense if definition.of_dense else count.infected
    if infected is None:
        raise InputRefusedError(
            f"the {definition.title.lower()} needs a scan in Hounsfield units."
        )
    points = definition.points(infected, count.voxels)
    return RegionPoints(count.region, infected, count.voxels, points)


def _is_below(edge: Edge, infected: int, voxels: int) -> bool:
    sign, percent = edge
    part, limit = 100 * infected, percent * voxels
    return part < limit if sign == "<" else part <= limit
