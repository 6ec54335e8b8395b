"""Stitch some slices of a scan alone, as quickly as a hand moves.

A slice comes out as it does when the whole scan is stitched: distances in three
dimensions are measured with as many slices around it as they reach.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from covseg_core.inference.stitch import stitched_hu
from covseg_core.transforms.orient import standardise_mask
from covseg_core.transforms.prepare import Box
from covseg_core.volume import CTVolume, Grid

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import numpy.typing as npt

    from covseg_core.inference.config import StitchSettings
    from covseg_core.inference.imagined import WhatIf

__all__ = ["crop", "stitch_outwards", "stitch_slices"]

SLICES_AT_ONCE = 4


def stitch_slices(
    whatif: WhatIf,
    tissues: npt.NDArray[np.uint8] | None,
    severity: float,
    settings: StitchSettings,
    wanted: slice,
) -> npt.NDArray[np.float32]:
    """Stitch some slices, numbered as in the standard orientation.

    Parameters
    ----------
    whatif : WhatIf
        With distances (`stitch.with_distances`) it is quick at any severity.
    tissues : ndarray of uint8, shape (Z, Y, X), or None
        Of the whole scan, as for `stitch.stitched_hu`.
    severity : float
        In [0, 2].
    settings : StitchSettings
        How to stitch.
    wanted : slice
        With start and stop.

    Returns
    -------
    ndarray of float32, shape (n, Y, X)
        Equal to these slices of `stitch.stitched_hu`.

    Raises
    ------
    UsageError
        If `severity` is not in [0, 2].
    """
    count, margin = whatif.standard.grid.shape[0], _margin(whatif, severity, settings)
    part = slice(max(wanted.start - margin, 0), min(wanted.stop + margin, count))
    painted = None if tissues is None else tissues[part]
    hu = stitched_hu(crop(whatif, part), painted, severity, settings)
    return hu[wanted.start - part.start : wanted.stop - part.start]


def stitch_outwards(
    whatif: WhatIf,
    tissues: npt.NDArray[np.uint8] | None,
    severity: float,
    settings: StitchSettings,
    middle: int,
) -> Generator[tuple[slice, npt.NDArray[np.float32]], None, None]:
    """Stitch all slices that can change, those near `middle` first.

    Yields
    ------
    tuple of slice and ndarray of float32, shape (n, Y, X)
        Which slices, and their HU; stop iterating to stop.
    """
    whole = whatif.box.slices
    starts = range(whole.start, whole.stop, SLICES_AT_ONCE)
    for start in sorted(starts, key=lambda number: abs(number - middle)):
        some = slice(start, min(start + SLICES_AT_ONCE, whole.stop))
        yield some, stitch_slices(whatif, tissues, severity, settings, some)


def crop(whatif: WhatIf, slices: slice) -> WhatIf:
    """Take some slices of the standard orientation, where they then all lie."""
    standard = whatif.standard
    grid = _cropped(standard.grid, slices)
    box, known = whatif.box, whatif.lesion_far_mm
    first = max(box.slices.start, slices.start)
    last = max(min(box.slices.stop, slices.stop), first)
    inner = slice(first - box.slices.start, last - box.slices.start)
    lungs, lesions = standardise_mask(whatif.lungs), standardise_mask(whatif.lesions)
    return replace(
        whatif,
        ct=CTVolume(standard.hu[slices], grid, source=whatif.ct.source),
        lungs=replace(lungs, labels=lungs.labels[slices], grid=grid),
        lesions=replace(lesions, labels=lesions.labels[slices], grid=grid),
        box=Box(
            slice(first - slices.start, last - slices.start), box.rows, box.columns
        ),
        images_hu=whatif.images_hu[:, inner],
        tissues=whatif.tissues[inner],
        probability=whatif.probability[inner],
        lesion_far_mm=None if known is None else known[inner],
    )


def _cropped(grid: Grid, slices: slice) -> Grid:
    affine = grid.affine_lps.copy()
    affine[:3, 3] = grid.world_mm((slices.start, 0, 0))
    return Grid((slices.stop - slices.start, *grid.shape[1:]), affine)


def _margin(whatif: WhatIf, severity: float, settings: StitchSettings) -> int:
    """Count the slices around that distances may reach into."""
    reach_mm = settings.border_mm
    if whatif.lesion_far_mm is None:
        reach_mm = max(reach_mm, (severity - 1) * settings.spread_mm)
    return int(reach_mm / whatif.standard.grid.spacing_mm_zyx[0]) + 1
