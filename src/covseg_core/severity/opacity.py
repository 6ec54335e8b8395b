"""How much of the lung is diseased: volumes and percentages.

Percentage of opacity and of high opacity follow Chaganti et al., "Automated
Quantification of CT Patterns Associated with COVID-19 from Chest CT",
Radiology: Artificial Intelligence 2(4), 2020.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from covseg_core.severity.counts import RegionCount, add_counts, count_regions
from covseg_core.severity.measured import measured_sides
from covseg_core.severity.regions import WHOLE, Rung, sides_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["OpacityReport", "RegionOpacity", "measure_opacity"]


@dataclass(frozen=True)
class RegionOpacity:
    """Disease in one region.

    Parameters
    ----------
    lung_ml : float
        Volume of the region, lesions included.
    lesion_ml : dict of str to float
        Volume of each class of lesion.
    infection_ml : float
        All classes together.
    percent_opacity : float or None
        100 · infection / lung; None where there is no lung.
    percent_high_opacity : float or None
        The same for lesion voxels above -200 HU; None too when the scan is not
        in HU.
    """

    lung_ml: float
    lesion_ml: dict[str, float]
    infection_ml: float
    percent_opacity: float | None
    percent_high_opacity: float | None


@dataclass(frozen=True)
class OpacityReport:
    """Disease in both lungs together and in each.

    Parameters
    ----------
    rung : str
        What regions the figures rest on.
    both, right, left : RegionOpacity
        Right and left are the patient's.
    """

    rung: str
    both: RegionOpacity
    right: RegionOpacity
    left: RegionOpacity

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain values for JSON."""
        return asdict(self)


def measure_opacity(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> OpacityReport:
    """Measure how much of each lung is diseased.

    Parameters
    ----------
    ct : CTVolume
        For the density of lesions.
    lesions : LesionMask
        On the grid of `ct`.
    lungs : LungMask
        On the grid of `ct`.  Lesion voxels outside it are added to the lung
        that they are nearest to, so that no share exceeds 100 %.

    Returns
    -------
    OpacityReport
        Rung ``two lungs``.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty, as every share would be undefined.
    """
    measured = measured_sides(ct, lesions, lungs)
    sides = replace(sides_of(lungs), labels=measured)
    return opacity_of(count_regions(ct, lesions, sides), ct.grid.voxel_ml)


def opacity_of(counts: Sequence[RegionCount], voxel_ml: float) -> OpacityReport:
    """Make the report from the counts of the right and the left lung."""
    right, left = counts
    both = add_counts(WHOLE, counts)
    return OpacityReport(
        str(Rung.LUNGS),
        *(region_opacity(one, voxel_ml) for one in (both, right, left)),
    )


def region_opacity(count: RegionCount, voxel_ml: float) -> RegionOpacity:
    """Turn the voxels of a region into millilitres and percentages."""
    total = count.voxels
    has_density = bool(total) and count.dense is not None
    return RegionOpacity(
        lung_ml=total * voxel_ml,
        lesion_ml={key: voxels * voxel_ml for key, voxels in count.by_class.items()},
        infection_ml=count.infected * voxel_ml,
        percent_opacity=100.0 * count.infected / total if total else None,
        percent_high_opacity=(
            100.0 * (count.dense or 0) / total if has_density else None
        ),
    )
