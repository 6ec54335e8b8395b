"""Measure again and again while a mask is corrected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from covseg_core.severity.report import SeverityReport, SeverityStep, report_steps
from covseg_core.severity.table import ScoreRow, rows_of
from covseg_core.volume import CTVolume, Grid, LesionMask, LobeMask, LungMask

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

__all__ = ["Severity", "SeverityStep", "measure_severity"]

_MARGIN_VOXELS = 8
"""The surface of a lung is known by what lies beyond it."""
_Box: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Severity:
    """What was measured, and the same as a table.

    Parameters
    ----------
    report : SeverityReport
        Without density and distribution if they were not asked for.
    rows : tuple of ScoreRow
        By lung.
    """

    report: SeverityReport
    rows: tuple[ScoreRow, ...]


def measure_severity(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    lobes: LobeMask | None = None,
    *,
    finer: bool = False,
) -> Generator[SeverityStep, None, Severity]:
    """Measure how much of the lungs is infected.

    Parameters
    ----------
    ct : CTVolume
        For the density of lesions.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`.  The lesions are copied at the first step, so that a
        reader may go on correcting.
    lobes : LobeMask, optional
        On the grid of `ct`.
    finer : bool
        Whether to measure density and distribution too, which takes longer.

    Yields
    ------
    SeverityStep
        Between the parts; stop iterating to stop.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask or the lobe mask is empty.
    """
    for mask in (lesions, lungs, lobes):
        if mask is not None:
            mask.require_on(ct)
    yield SeverityStep("Measuring")
    box = _box_around(
        *(mask.labels for mask in (lesions, lungs, lobes) if mask is not None)
    )
    grid = _grid_of(box, ct.grid)
    padding = None if ct.padding is None else ct.padding[box]
    near = replace(ct, hu=ct.hu[box], padding=padding, grid=grid)
    lesions = replace(lesions, labels=lesions.labels[box].copy(), grid=grid)
    lungs = replace(lungs, labels=lungs.labels[box], grid=grid)
    if lobes is not None:
        lobes = replace(lobes, labels=lobes.labels[box], grid=grid)
    report = yield from report_steps(near, lesions, lungs, lobes=lobes, finer=finer)
    return Severity(report, rows_of(report, lesions.label_set))


def _box_around(*masks: npt.NDArray[np.uint8]) -> _Box:
    """Find the smallest box with all that is labelled; all if nothing is."""
    z = _extent(np.array([mask.any(axis=(1, 2)) for mask in masks]))
    y = _extent(np.array([mask[z].any(axis=(0, 2)) for mask in masks]))
    x = _extent(np.array([mask[z, y].any(axis=(0, 1)) for mask in masks]))
    return z, y, x


def _extent(labelled: npt.NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(labelled.any(axis=0))
    if not found.size:
        return slice(None)
    start = max(0, int(found[0]) - _MARGIN_VOXELS)
    return slice(start, int(found[-1]) + 1 + _MARGIN_VOXELS)


def _grid_of(box: _Box, grid: Grid) -> Grid:
    ranges = [part.indices(size) for part, size in zip(box, grid.shape, strict=True)]
    affine = grid.affine_lps.copy()
    affine[:3, 3] = grid.world_mm([start for start, _, _ in ranges])
    z, y, x = (stop - start for start, stop, _ in ranges)
    return Grid((z, y, x), affine)
