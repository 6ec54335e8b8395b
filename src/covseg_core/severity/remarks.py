"""What a careful reader of a report should know of its masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import Lung
from covseg_core.transforms.orient import Orientation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from covseg_core.severity.counts import RegionCount
    from covseg_core.volume import CTVolume, LabelVolume, LesionMask, LobeMask, LungMask

__all__ = ["SLICES_FOR_THIRDS", "remarks_on"]

SLICES_FOR_THIRDS = 3
SLICES_FOR_FIFTHS = 5
"""Slices of lung below which thirds and fifths of its height mean nothing."""

_ODD_SHARE = 0.05
"""More of a mask than this where it does not belong is remarked."""


def remarks_on(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    lobes: LobeMask | None,
    by_side: Sequence[RegionCount],
) -> Iterator[str]:
    """Give the remarks on a scan and its masks, in sentences.

    Parameters
    ----------
    ct, lesions, lungs, lobes : CTVolume, LesionMask, LungMask, LobeMask or None
        On one grid.
    by_side : sequence of RegionCount
        Of the right and the left lung, with all infection.

    Yields
    ------
    str
        The first one is always there.
    """
    yield "A region with a single infected voxel counts as affected."
    yield from _on_padding(ct, lesions, lungs)
    yield from _on_infection_outside(ct, lesions, lungs, lobes)
    yield from _on_slices(lungs)
    yield from _on_sides(lungs, by_side)
    if not ct.is_hu:
        yield "The scan is not in Hounsfield units: nothing of density is measured."


def _on_padding(ct: CTVolume, lesions: LesionMask, lungs: LungMask) -> Iterator[str]:
    if ct.padding is None:
        return
    for name, labels in (("lung", lungs.labels), ("infection", lesions.labels)):
        lost = sum(
            np.count_nonzero(plane[padded])
            for plane, padded in zip(labels, ct.padding, strict=True)
        )
        if lost > _ODD_SHARE * np.count_nonzero(labels):
            yield (
                f"{lost * ct.grid.voxel_ml:.1f} ml of the {name} mask are padding, "
                "which the scanner did not measure, and are not counted: check the "
                "scan's values and that the mask fits it."
            )


def _on_infection_outside(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask, lobes: LobeMask | None
) -> Iterator[str]:
    whole = np.count_nonzero(lesions.labels)
    beside = _infected_outside(lungs, lesions)
    if beside > _ODD_SHARE * whole:
        yield (
            f"{beside * ct.grid.voxel_ml:.1f} ml of the infection lie outside the lung "
            "mask and are counted as lung: check that both masks fit the scan."
        )
    missed = 0 if lobes is None else _infected_outside(lobes, lesions)
    # Lungs that were joined from the lobes leave out the same.
    if missed > max(beside, _ODD_SHARE * whole):
        yield (
            f"{missed * ct.grid.voxel_ml:.1f} ml of the infection lie outside the lobe "
            "mask and are counted for the nearest lobe of the same lung, if that has "
            "one: check that the lobes fit the scan."
        )


def _on_slices(lungs: LungMask) -> Iterator[str]:
    standard = Orientation(lungs.grid).apply(lungs.labels)
    slices = int(np.count_nonzero(standard.any(axis=(1, 2))))
    if slices >= SLICES_FOR_FIFTHS:
        return
    many = "one slice" if slices == 1 else f"{slices} slices"
    parts = "fifths" if slices >= SLICES_FOR_THIRDS else "thirds and fifths"
    yield (
        f"The lungs are on {many} only: {parts} of their height mean nothing, nor do "
        "scores that are given to these, such as CT-SS."
    )


def _infected_outside(mask: LabelVolume, lesions: LesionMask) -> int:
    return sum(
        int(np.count_nonzero(infected[inside == 0]))
        for inside, infected in zip(mask.labels, lesions.labels, strict=True)
    )


def _on_sides(lungs: LungMask, by_side: Sequence[RegionCount]) -> Iterator[str]:
    for one in by_side:
        if not one.voxels:
            yield (
                f"The lung mask has no {one.region.side} lung: figures of both lungs "
                "are those of the other one."
            )
    if all(one.voxels for one in by_side) and _are_swapped(lungs):
        yield (
            "What the lung mask calls right lies left of what it calls left: sides may "
            "be swapped."
        )


def _are_swapped(lungs: LungMask) -> bool:
    """Compare the middles of both lungs; x grows to the patient's left."""
    right, left = (
        lungs.grid.world_mm(_middle(lungs.labels == side))[0]
        for side in (Lung.RIGHT, Lung.LEFT)
    )
    return bool(right > left)


def _middle(region: npt.NDArray[np.bool_]) -> list[float]:
    """Average the indices z, y, x of a region that is not empty."""
    sums = [
        region.sum(axis=tuple({0, 1, 2} - {axis}), dtype=np.int64) for axis in range(3)
    ]
    return [float(np.average(np.arange(len(one)), weights=one)) for one in sums]
