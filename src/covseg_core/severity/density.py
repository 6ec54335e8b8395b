"""How dense the lungs and the infection are, in Hounsfield units.

The bands are those of Slicer's Lung CT Analyzer (R. Bumm,
github.com/rbumm/SlicerLungCTAnalyzer).  They tell how much air a voxel holds, not
what tissue it is: vessels fall into the dense bands too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.severity.measured import measured_sides

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = [
    "BANDS",
    "HISTOGRAM_EDGES_HU",
    "Band",
    "Density",
    "HuSpread",
    "measure_density",
]

_LOWEST_HU, _HIGHEST_HU = -2048, 4095


@dataclass(frozen=True)
class Band:
    """A range of density.

    Parameters
    ----------
    key : str
        Name in files.
    title : str
        Name on screen.
    low_hu, high_hu : int or None
        From `low_hu`, itself included, to just below `high_hu`; None is open.
    """

    key: str
    title: str
    low_hu: int | None
    high_hu: int | None

    @property
    def words(self) -> str:
        """The range, such as ``-950 to -750 HU``."""
        if self.low_hu is None:
            return f"below {self.high_hu} HU"
        if self.high_hu is None:
            return f"{self.low_hu} HU and above"
        return f"{self.low_hu} to {self.high_hu} HU"


BANDS = (
    Band("below_range", "Below all bands", None, -1050),
    Band("emphysema_like", "Emphysema-like", -1050, -950),
    Band("ventilated", "Ventilated", -950, -750),
    Band("infiltrated", "Infiltrated", -750, -400),
    Band("collapsed", "Collapsed", -400, 0),
    Band("above_range", "Vessels and denser", 0, None),
)
"""Ascending, without gaps: shares add up to 100 %."""
HISTOGRAM_EDGES_HU = tuple(range(-1100, 301, 25))
"""Edges of the bins of a histogram; a bin holds its lower edge."""


@dataclass(frozen=True)
class HuSpread:
    """How the density of some voxels is spread.

    Voxels are rounded to whole HU and cut to -2048 to 4095 HU before.

    Parameters
    ----------
    voxels : int
        At least 1.
    mean_hu, sd_hu : float
        Mean and standard deviation (divided by the number of voxels).
    median_hu, p5_hu, p95_hu : int
        Percentiles: the lowest HU that at least so many percent do not exceed.
    band_percent : dict of str to float
        Share of the voxels in each of `BANDS` by its key.
    histogram : tuple of int
        Voxels between successive `HISTOGRAM_EDGES_HU`; what lies beyond the outer
        edges is counted in the outer bins.
    """

    voxels: int
    mean_hu: float
    sd_hu: float
    median_hu: int
    p5_hu: int
    p95_hu: int
    band_percent: dict[str, float]
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Density:
    """Density of the lungs and of the infection in them.

    Parameters
    ----------
    lungs : HuSpread
        Both lungs, infection included.
    infection : HuSpread or None
        Infected voxels of all classes; None when there are none.
    """

    lungs: HuSpread
    infection: HuSpread | None

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            "bands_hu": {band.key: [band.low_hu, band.high_hu] for band in BANDS},
            "histogram_edges_hu": list(HISTOGRAM_EDGES_HU),
            "lungs": _plain(self.lungs),
            "infection": None if self.infection is None else _plain(self.infection),
        }


def measure_density(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> Density | None:
    """Measure how dense the lungs and the infection are.

    Parameters
    ----------
    ct : CTVolume
        Padding takes no part.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`.  Infection outside the lungs counts as lung.

    Returns
    -------
    Density or None
        None when the scan is not in HU.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty, or all of it padding.
    """
    sides = measured_sides(ct, lesions, lungs)
    if not ct.is_hu:
        return None
    by_hu = _count_by_hu(ct, lesions, sides)
    infection = _spread(by_hu[1]) if by_hu[1].any() else None
    return Density(_spread(by_hu.sum(axis=0)), infection)


def _count_by_hu(
    ct: CTVolume, lesions: LesionMask, sides: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """Count voxels by whole HU, (2, HU): healthy and infected ones."""
    size = _HIGHEST_HU - _LOWEST_HU + 1
    counts = np.zeros(2 * size, np.int64)
    # Slice by slice, as whole scans at once would hold up other threads.
    for z, plane in enumerate(sides):
        inside = plane > 0
        hu = np.rint(ct.hu[z][inside]).clip(_LOWEST_HU, _HIGHEST_HU).astype(np.intp)
        infected = lesions.labels[z][inside] > 0
        counts += np.bincount(hu - _LOWEST_HU + size * infected, minlength=2 * size)
    return counts.reshape(2, size)


def _spread(counts: npt.NDArray[np.int64]) -> HuSpread:
    voxels = int(counts.sum())
    hu = np.arange(_LOWEST_HU, _HIGHEST_HU + 1)
    mean = float(counts @ hu) / voxels
    variance = float(counts @ (hu - mean) ** 2) / voxels
    p5, median, p95 = (_percentile(counts, percent) for percent in (5, 50, 95))
    return HuSpread(
        voxels=voxels,
        mean_hu=mean,
        sd_hu=variance**0.5,
        median_hu=median,
        p5_hu=p5,
        p95_hu=p95,
        band_percent={
            band.key: 100.0 * _between(counts, band.low_hu, band.high_hu) / voxels
            for band in BANDS
        },
        histogram=_histogram(counts),
    )


def _percentile(counts: npt.NDArray[np.int64], percent: int) -> int:
    # In whole numbers: 100 times the voxels so far against percent times all.
    reached = 100 * np.cumsum(counts) >= percent * int(counts.sum())
    return int(reached.argmax()) + _LOWEST_HU


def _histogram(counts: npt.NDArray[np.int64]) -> tuple[int, ...]:
    inner = HISTOGRAM_EDGES_HU[1:-1]
    return tuple(_between(counts, *edges) for edges in pairwise((None, *inner, None)))


def _between(counts: npt.NDArray[np.int64], low: int | None, high: int | None) -> int:
    start = None if low is None else low - _LOWEST_HU
    stop = None if high is None else high - _LOWEST_HU
    return int(counts[start:stop].sum())


def _plain(spread: HuSpread) -> dict[str, Any]:
    return asdict(spread) | {"histogram": list(spread.histogram)}
