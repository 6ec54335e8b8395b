"""Measure again and again while a mask is corrected, and find the lungs once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from covseg_core.severity.opacity import OpacityReport, measure_opacity
from covseg_core.severity.table import ScoreRow, rows_of
from covseg_core.severity.zones import ZoneShare, share_by_zone
from covseg_core.transforms.lungs import find_lungs
from covseg_core.transforms.nearest import fill_nearest
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

__all__ = ["Severity", "SeverityStep", "lungs_of", "measure_severity"]

_Box: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True)
class SeverityStep:
    """What is being done, in plain words; how long it takes is not known."""

    stage: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, eq=False)
class Severity:
    """All that is measured.

    Parameters
    ----------
    report : OpacityReport
        By lung.
    rows : tuple of ScoreRow
        The same as a table.
    zones : tuple of ZoneShare
        Thirds of each lung by height.
    """

    report: OpacityReport
    rows: tuple[ScoreRow, ...]
    zones: tuple[ZoneShare, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give all values for JSON."""
        return self.report.as_dict() | {
            "thirds_by_height_percent_opacity": {
                f"{one.side} {one.height}": one.percent_opacity for one in self.zones
            }
        }


def lungs_of(ct: CTVolume) -> Generator[SeverityStep, None, LungMask]:
    """Find the lungs, for a child process; raises as `find_lungs` does."""
    yield SeverityStep("Finding the lungs")
    return find_lungs(ct)


def measure_severity(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> Generator[SeverityStep, None, Severity]:
    """Measure how much of the lungs is infected.

    Parameters
    ----------
    ct : CTVolume
        For the density of lesions.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`.  They are copied at the first step, so that a reader
        may go on correcting.

    Yields
    ------
    SeverityStep
        Between the parts; stop iterating to stop.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty.
    """
    lesions.require_on(ct)
    lungs.require_on(ct)
    yield SeverityStep("Measuring")
    box = _box_around(lesions.labels, lungs.labels)
    grid = _grid_of(box, ct.grid)
    padding = None if ct.padding is None else ct.padding[box]
    near = replace(ct, hu=ct.hu[box], padding=padding, grid=grid)
    lesions = replace(lesions, labels=lesions.labels[box].copy(), grid=grid)
    lungs = replace(lungs, labels=lungs.labels[box], grid=grid)
    # Filled once here, so that neither of the two has to do it again.
    if lungs.labels.any():
        infected = lesions.labels > 0
        sides = fill_nearest(lungs.labels, infected, grid.spacing_mm_zyx)
        lungs = replace(lungs, labels=sides)
        yield SeverityStep("Measuring")
    report = measure_opacity(near, lesions, lungs)
    yield SeverityStep("Measuring")
    rows = rows_of(report, lesions.label_set)
    return Severity(report, rows, share_by_zone(lesions, lungs))


def _box_around(*masks: npt.NDArray[np.uint8]) -> _Box:
    """Find the smallest box with all that is labelled; all if nothing is."""
    z = _extent(np.array([mask.any(axis=(1, 2)) for mask in masks]))
    y = _extent(np.array([mask[z].any(axis=(0, 2)) for mask in masks]))
    x = _extent(np.array([mask[z, y].any(axis=(0, 1)) for mask in masks]))
    return z, y, x


def _extent(labelled: npt.NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(labelled.any(axis=0))
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(None)


def _grid_of(box: _Box, grid: Grid) -> Grid:
    ranges = [part.indices(size) for part, size in zip(box, grid.shape, strict=True)]
    affine = grid.affine_lps.copy()
    affine[:3, 3] = grid.world_mm([start for start, _, _ in ranges])
    z, y, x = (stop - start for start, stop, _ in ranges)
    return Grid((z, y, x), affine)
