"""Everything that is measured of one scan, together."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from covseg_core.errors import InputRefusedError
from covseg_core.severity.counts import add_counts, count_regions
from covseg_core.severity.density import Density, measure_density
from covseg_core.severity.distribution import Distribution, measure_distribution
from covseg_core.severity.opacity import RegionOpacity, opacity_of, region_opacity
from covseg_core.severity.regions import (
    WHOLE,
    Region,
    lobes_of,
    nearest_region,
    regions20_of,
    require_lungs,
    sides_of,
    spread,
    spread_lobes,
    zones_of,
)
from covseg_core.severity.remarks import remarks_on
from covseg_core.severity.scores import (
    CT_SS,
    FRANCONE_25,
    LEVELS,
    LHOS,
    LSS,
    PAN_25,
    Level,
    level_of,
)
from covseg_core.severity.scoring import ScoreResult, give_points
from covseg_core.steps import result_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from covseg_core.severity.agreement import Agreement
    from covseg_core.severity.change import Change
    from covseg_core.severity.counts import RegionCount
    from covseg_core.severity.interval import Interval
    from covseg_core.severity.opacity import OpacityReport
    from covseg_core.severity.regions import Partition, Rung
    from covseg_core.volume import CTVolume, LesionMask, LobeMask, LungMask

__all__ = ["SeverityReport", "SeverityStep", "measure_report", "report_steps"]

_BY_LOBE = (PAN_25, FRANCONE_25, LSS, LHOS)


@dataclass(frozen=True)
class SeverityStep:
    """What is being done, in plain words; how long it takes is not known."""

    stage: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, eq=False)
class SeverityReport:
    """What was measured.

    Parameters
    ----------
    opacity : OpacityReport
        Of both lungs and of each.
    rung : Rung
        What `regions` are.
    regions : tuple of (Region, RegionOpacity)
        Volumes and shares of the best regions that there are.
    scores : tuple of ScoreResult
        Each with its own rung; those of dense infection only for scans in HU.
    level : {"regular", "severe", "critical"}
        Of both lungs, after the Inf-Net papers.
    remarks : tuple of str
        What a careful reader should know.
    density, distribution, agreement, interval, change : optional
        The finer measures; None where nobody asked, or nothing is infected.
    """

    opacity: OpacityReport
    rung: Rung
    regions: tuple[tuple[Region, RegionOpacity], ...]
    scores: tuple[ScoreResult, ...]
    level: Level
    remarks: tuple[str, ...]
    density: Density | None = None
    distribution: Distribution | None = None
    agreement: Agreement | None = None
    interval: Interval | None = None
    change: Change | None = None

    def score(self, key: str) -> ScoreResult | None:
        """Look up a score; None if it could not be given."""
        return next((one for one in self.scores if one.definition.key == key), None)

    def as_dict(self) -> dict[str, Any]:
        """Give all values for JSON."""
        finer = {
            "density": self.density,
            "distribution": self.distribution,
            "agreement": self.agreement,
            "interval": self.interval,
            "change": self.change,
        }
        return {
            "opacity": self.opacity.as_dict(),
            "rung": str(self.rung),
            "regions": [
                asdict(region) | asdict(opacity) for region, opacity in self.regions
            ],
            "scores": {one.definition.key: one.as_dict() for one in self.scores},
            "level": {"value": self.level, "rule": LEVELS},
            "remarks": list(self.remarks),
        } | {key: one.as_dict() for key, one in finer.items() if one is not None}


def measure_report(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    *,
    lobes: LobeMask | None = None,
) -> SeverityReport:
    """Measure all that one scan and its masks tell.

    Parameters
    ----------
    ct : CTVolume
        For density, padding and the size of voxels.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`.  Infection outside the lungs joins the nearest region.
    lobes : LobeMask, optional
        On the grid of `ct`; without it scores by lobe are given to six zones.
        Infection outside the lobes joins the nearest one of its lung.

    Raises
    ------
    GeometryError
        If a mask does not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask or the lobe mask is empty.
    """
    return result_of(report_steps(ct, lesions, lungs, lobes=lobes, finer=True))


def report_steps(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    *,
    lobes: LobeMask | None,
    finer: bool,
) -> Generator[SeverityStep, None, SeverityReport]:
    """Measure part by part; see `measure_report`.

    Parameters
    ----------
    ct, lesions, lungs, lobes : CTVolume, LesionMask, LungMask, LobeMask or None
        See `measure_report`.
    finer : bool
        Whether to measure density and distribution too.

    Yields
    ------
    SeverityStep
        Before each part.
    """
    sides = sides_of(require_lungs(ct, lesions, lungs))
    near = nearest_region(sides, lesions)
    yield SeverityStep("Measuring each lung")
    wide = spread(sides, near)
    by_side = count_regions(ct, lesions, wide)
    yield SeverityStep("Scoring 20 regions")
    tenths = regions20_of(lungs)
    by_tenth = count_regions(ct, lesions, spread(tenths, near))
    yield SeverityStep("Scoring lobes or zones")
    if lobes is not None:
        best = spread_lobes(_require_lobes(ct, lobes), lesions, wide)
    else:
        best = spread(zones_of(lungs), near)
    by_part = count_regions(ct, lesions, best)
    both = add_counts(WHOLE, by_side)
    definitions = [one for one in _BY_LOBE if ct.is_hu or not one.of_dense]
    report = SeverityReport(
        opacity=opacity_of(by_side, ct.grid.voxel_ml),
        rung=best.rung,
        regions=tuple(_opacities(by_part, ct.grid.voxel_ml)),
        scores=(
            give_points(CT_SS, tenths.rung, by_tenth),
            *(give_points(one, best.rung, by_part) for one in definitions),
        ),
        level=level_of(both.infected, both.voxels),
        remarks=tuple(remarks_on(ct, lesions, lungs, lobes, by_side)),
    )
    if finer:
        # With all infection in them, so that nobody looks for the nearest lung again.
        wide_lungs = replace(lungs, labels=wide.labels)
        report = yield from _finer(report, ct, lesions, wide_lungs)
    return report


def _require_lobes(ct: CTVolume, lobes: LobeMask) -> Partition:
    lobes.require_on(ct)
    if not lobes.labels.any():
        raise InputRefusedError(
            "the lobe mask is empty; give one with 1 left upper, 2 left lower, 3 right "
            "upper, 4 right middle and 5 right lower lobe, or none."
        )
    return lobes_of(lobes)


def _finer(
    report: SeverityReport, ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> Generator[SeverityStep, None, SeverityReport]:
    yield SeverityStep("Measuring density")
    density = measure_density(ct, lesions, lungs)
    yield SeverityStep("Measuring where infection lies")
    distribution = measure_distribution(ct, lesions, lungs)
    return replace(report, density=density, distribution=distribution)


def _opacities(
    counts: Sequence[RegionCount], voxel_ml: float
) -> Iterator[tuple[Region, RegionOpacity]]:
    for one in counts:
        yield one.region, region_opacity(one, voxel_ml)
