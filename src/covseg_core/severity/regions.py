"""Cut the lungs into the regions that scores are given to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from covseg_core.errors import InputRefusedError
from covseg_core.labels import LOBES, Lung
from covseg_core.transforms.nearest import find_nearest
from covseg_core.transforms.orient import Orientation
from covseg_core.volume import LungMask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from covseg_core.transforms.nearest import Nearest
    from covseg_core.volume import CTVolume, Grid, LesionMask, LobeMask

    _Cut: TypeAlias = Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.uint8]]

__all__ = [
    "WHOLE",
    "Partition",
    "Region",
    "Rung",
    "Side",
    "lobes_of",
    "lungs_from_lobes",
    "nearest_region",
    "regions20_of",
    "require_lungs",
    "sides_of",
    "spread",
    "spread_lobes",
    "zones_of",
]

Side: TypeAlias = Literal["right", "left"]
_SIDES: dict[Side, Lung] = {"right": Lung.RIGHT, "left": Lung.LEFT}
_THIRDS = ("upper", "middle", "lower")
_FIFTHS = tuple(f"{place} fifth" for place in ("top", "second", "third", "fourth"))
_BANDS = (*_FIFTHS, "bottom fifth")
_DEPTHS = ("front", "back")


class Rung(StrEnum):
    """What regions a result rests on, told with every result."""

    LOBES = "lobes"
    ZONES = "six zones: thirds of each lung by height, not lobes"
    REGIONS20 = "20 equal-volume regions: a proxy, not segments"
    LUNGS = "two lungs"


@dataclass(frozen=True)
class Region:
    """A part of the lungs.

    Parameters
    ----------
    key : str
        Name in files, such as ``right_upper_lobe``.
    title : str
        Name on screen.
    side : {"right", "left"} or None
        The patient's; None for both.
    """

    key: str
    title: str
    side: Side | None


WHOLE = Region("both_lungs", "Both lungs", None)


@dataclass(frozen=True, eq=False)
class Partition:
    """The lungs in parts that do not overlap.

    Parameters
    ----------
    rung : Rung
        What the parts are.
    regions : tuple of Region
        Some may be empty.
    labels : ndarray of uint8, shape (Z, Y, X)
        0 outside; n is ``regions[n - 1]``.
    grid : Grid
        Where the voxels lie.
    """

    rung: Rung
    regions: tuple[Region, ...]
    labels: npt.NDArray[np.uint8]
    grid: Grid


def sides_of(lungs: LungMask) -> Partition:
    """Take each lung as a region."""
    regions = tuple(_region(side, "lung") for side in _SIDES)
    return Partition(Rung.LUNGS, regions, lungs.labels, lungs.grid)


def zones_of(lungs: LungMask) -> Partition:
    """Cut each lung into thirds by height.

    The slices that a lung lies in are split into three parts as equal as can be,
    along the array axis that is nearest to the one from foot to head.
    """
    return _cut_each_lung(
        lungs, Rung.ZONES, [f"{third} zone" for third in _THIRDS], _thirds
    )


def regions20_of(lungs: LungMask) -> Partition:
    """Cut each lung into ten regions of equal volume.

    Five parts by height, each halved by depth; volumes within a half differ by a
    voxel at most, within a lung by two.  Stands in for the 20 regions of Yang et al.,
    2020, whose segments no public model outlines.
    """
    names = [f"{band}, {depth}" for band, depth in product(_BANDS, _DEPTHS)]
    return _cut_each_lung(lungs, Rung.REGIONS20, names, _tenths)


def lobes_of(lobes: LobeMask) -> Partition:
    """Take each lobe as a region, the right ones first, from upper to lower."""
    in_order = sorted(LOBES.classes, key=lambda label: (label.value <= 2, label.value))
    numbers = np.zeros(256, np.uint8)
    regions = []
    for number, label in enumerate(in_order, 1):
        numbers[label.value] = number
        side: Side = "right" if label.key.startswith("right") else "left"
        regions.append(Region(label.key, label.title, side))
    return Partition(Rung.LOBES, tuple(regions), numbers[lobes.labels], lobes.grid)


def lungs_from_lobes(lobes: LobeMask) -> LungMask:
    """Join the lobes of each side."""
    sides = np.zeros(256, np.uint8)
    for label in LOBES.classes:
        sides[label.value] = _SIDES[
            "right" if label.key.startswith("right") else "left"
        ]
    return LungMask(sides[lobes.labels], lobes.grid)


def require_lungs(ct: CTVolume, lesions: LesionMask, lungs: LungMask) -> LungMask:
    """Give back the lungs if infection in them can be measured.

    Raises
    ------
    GeometryError
        If a mask does not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty, or all of it padding, as every share would be
        undefined.
    """
    lesions.require_on(ct)
    lungs.require_on(ct)
    if not lungs.labels.any():
        raise InputRefusedError(
            "the lung mask is empty, so shares of the lung are undefined; "
            "give a lung mask with 1 right and 2 left."
        )
    if ct.padding is not None and not _any_outside(ct.padding, lungs):
        raise InputRefusedError(
            "the scanner measured nothing where the lung mask lies, all of it is "
            "padding; check the scan's values and that the mask fits it."
        )
    return lungs


def nearest_region(partition: Partition, lesions: LesionMask) -> Nearest:
    """Find for each infected voxel outside all regions the nearest one inside."""
    return find_nearest(
        partition.labels > 0, lesions.labels > 0, partition.grid.spacing_mm_zyx
    )


def spread(partition: Partition, nearest: Nearest) -> Partition:
    """Extend regions to the infection that lies outside them."""
    return replace(partition, labels=nearest.fill(partition.labels))


def spread_lobes(lobes: Partition, lesions: LesionMask, sides: Partition) -> Partition:
    """Extend lobes to the infection of their lung that they leave out.

    Parameters
    ----------
    lobes : Partition
        Of `lobes_of`.  Infection in a lung without a lobe stays outside.
    lesions : LesionMask
        On its grid.
    sides : Partition
        Of `sides_of`, spread to all infection.
    """
    missed = (lesions.labels > 0) & (lobes.labels == 0)
    labels = lobes.labels
    for side, value in _SIDES.items():
        numbers = [n for n, one in enumerate(lobes.regions, 1) if one.side == side]
        own = np.isin(lobes.labels, numbers)
        if own.any():
            here = missed & (sides.labels == value)
            labels = find_nearest(own, here, lobes.grid.spacing_mm_zyx).fill(labels)
    return replace(lobes, labels=labels)


def _any_outside(padding: npt.NDArray[np.bool_], lungs: LungMask) -> bool:
    return any(
        plane[~padded].any()
        for plane, padded in zip(lungs.labels, padding, strict=True)
    )


def _cut_each_lung(
    lungs: LungMask, rung: Rung, names: Sequence[str], cut: _Cut
) -> Partition:
    turn = Orientation(lungs.grid)
    standard = turn.apply(lungs.labels)
    labels = np.zeros(standard.shape, np.uint8)
    regions: list[Region] = []
    for side, value in _SIDES.items():
        inside = standard == value
        if inside.any():
            np.copyto(labels, cut(inside) + np.uint8(len(regions) + 1), where=inside)
        regions += [_region(side, name) for name in names]
    labels = np.ascontiguousarray(turn.undo(labels))
    return Partition(rung, tuple(regions), labels, lungs.grid)


def _region(side: Side, name: str) -> Region:
    key = f"{side} {name}".replace(",", "").replace(" ", "_")
    return Region(key, f"{side} {name}".capitalize(), side)


def _thirds(lung: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Give voxels the numbers 0 to 2 from the head; slices ascend to it."""
    slices = np.flatnonzero(lung.any(axis=(1, 2)))
    edges = np.round(np.linspace(slices[0], slices[-1] + 1, 4)).astype(int)
    thirds = np.zeros(lung.shape, np.uint8)
    thirds[: edges[2]] = 1
    thirds[: edges[1]] = 2
    return thirds


def _tenths(lung: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Give voxels the numbers 0 to 9: from the head, front before back."""
    bands = _equal_parts(lung[::-1], len(_BANDS))[::-1]
    tenths = np.zeros(lung.shape, np.uint8)
    for band in range(len(_BANDS)):
        inside = lung & (bands == band)
        rows_first = inside.transpose(1, 0, 2)
        if inside.any():
            halves = _equal_parts(rows_first, len(_DEPTHS)).transpose(1, 0, 2)
            np.copyto(tenths, halves + np.uint8(len(_DEPTHS) * band), where=inside)
    return tenths


def _equal_parts(inside: npt.NDArray[np.bool_], parts: int) -> npt.NDArray[np.uint8]:
    """Give parts of equal size their numbers, by rank along the first axis."""
    sizes = np.count_nonzero(inside, axis=(1, 2))
    starts = np.cumsum(sizes) - sizes
    total = int(sizes.sum())
    numbers = np.zeros(inside.shape, np.uint8)
    for place in np.flatnonzero(sizes):
        ranks = starts[place] + np.arange(sizes[place])
        numbers[place][inside[place]] = ranks * parts // total
    return numbers
