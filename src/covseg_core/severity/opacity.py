"""How much of the lung is diseased: volumes and percentages.

Percentage of opacity and of high opacity follow Chaganti et al., "Automated
Quantification of CT Patterns Associated with COVID-19 from Chest CT",
Radiology: Artificial Intelligence 2(4), 2020.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import InputRefusedError
from covseg_core.labels import Lung
from covseg_core.transforms.nearest import fill_nearest

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["HIGH_OPACITY_HU", "OpacityReport", "RegionOpacity", "measure_opacity"]

HIGH_OPACITY_HU = -200.0
"""Lesion voxels above this count as high opacity."""


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
    lesions.require_on(ct)
    lungs.require_on(ct)
    if not lungs.labels.any():
        raise InputRefusedError(
            "the lung mask is empty, so shares of the lung are undefined; "
            "give a lung mask with 1 right and 2 left."
        )
    sides = fill_nearest(lungs.labels, lesions.labels > 0, ct.grid.spacing_mm_zyx)
    return OpacityReport(
        "two lungs",
        _measure(ct, lesions, sides > 0),
        _measure(ct, lesions, sides == Lung.RIGHT),
        _measure(ct, lesions, sides == Lung.LEFT),
    )


def _measure(
    ct: CTVolume, lesions: LesionMask, region: npt.NDArray[np.bool_]
) -> RegionOpacity:
    voxels, dense, voxel_ml = np.zeros(256, np.int64), 0, ct.grid.voxel_ml
    # Slice by slice, as whole scans at once would hold up other threads.
    for z, plane in enumerate(region):
        measured = plane if ct.padding is None else plane & ~ct.padding[z]
        inside = lesions.labels[z][measured]
        voxels += np.bincount(inside, minlength=256)
        high = ct.hu[z][measured] > HIGH_OPACITY_HU
        dense += int(np.count_nonzero(high & (inside > 0)))
    total = int(voxels.sum())
    infected = total - int(voxels[0])
    return RegionOpacity(
        lung_ml=total * voxel_ml,
        lesion_ml={
            label.key: int(voxels[label.value]) * voxel_ml
            for label in lesions.label_set.classes
        },
        infection_ml=infected * voxel_ml,
        percent_opacity=100.0 * infected / total if total else None,
        percent_high_opacity=(100.0 * dense / total if total and ct.is_hu else None),
    )
