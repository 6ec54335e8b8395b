"""How much of each third of each lung is diseased, from the apex to the base.

A zone is a third of the height of its lung, not a lobe: fissures are not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from covseg_core.labels import Lung
from covseg_core.transforms.nearest import fill_nearest
from covseg_core.transforms.orient import standardise_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import LesionMask, LungMask

__all__ = ["HEIGHTS", "Height", "Side", "ZoneShare", "share_by_zone"]

Side: TypeAlias = Literal["right", "left"]
Height: TypeAlias = Literal["upper", "middle", "lower"]
HEIGHTS: tuple[Height, ...] = ("upper", "middle", "lower")


@dataclass(frozen=True)
class ZoneShare:
    """Disease in a third of a lung by height.

    Parameters
    ----------
    side : {"right", "left"}
        The patient's.
    height : {"upper", "middle", "lower"}
        Upper is next to the head.
    percent_opacity : float or None
        100 · infection / lung; None where there is no lung.
    """

    side: Side
    height: Height
    percent_opacity: float | None


def share_by_zone(lesions: LesionMask, lungs: LungMask) -> tuple[ZoneShare, ...]:
    """Measure the share of infection in thirds by height.

    Parameters
    ----------
    lesions, lungs : LesionMask, LungMask
        On one grid, in any orientation.  Lesion voxels outside the lungs are added
        to the lung that they are nearest to.

    Returns
    -------
    tuple of ZoneShare
        Right and left, each from upper to lower.  The slices of a lung are split
        into three parts as equal as can be.
    """
    infected = standardise_mask(lesions).labels > 0
    lung = standardise_mask(lungs)
    sides = lung.labels
    if sides.any():
        sides = fill_nearest(sides, infected, lung.grid.spacing_mm_zyx)
    return (
        *_of_lung("right", infected, sides == Lung.RIGHT),
        *_of_lung("left", infected, sides == Lung.LEFT),
    )


def _of_lung(
    side: Side, infected: npt.NDArray[np.bool_], lung: npt.NDArray[np.bool_]
) -> tuple[ZoneShare, ...]:
    total = np.count_nonzero(lung, axis=(1, 2))
    diseased = np.count_nonzero(lung & infected, axis=(1, 2))
    slices = np.flatnonzero(total)
    if not slices.size:
        return tuple(ZoneShare(side, height, None) for height in HEIGHTS)
    # Slices ascend to the head, so the upper third comes last.
    edges = np.round(np.linspace(slices[0], slices[-1] + 1, 4)).astype(int)
    parts = [slice(low, high) for low, high in pairwise(edges.tolist())][::-1]
    return tuple(
        ZoneShare(side, height, _percent(diseased[part].sum(), total[part].sum()))
        for height, part in zip(HEIGHTS, parts, strict=True)
    )


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * int(part) / int(whole) if whole else None
