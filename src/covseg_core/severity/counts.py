"""Count voxels by region: whole numbers, on which every share and score rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from covseg_core.severity.regions import Partition, Region
    from covseg_core.volume import CTVolume, LesionMask

__all__ = ["HIGH_OPACITY_HU", "RegionCount", "add_counts", "count_regions"]

HIGH_OPACITY_HU = -200.0
"""Lesion voxels above this count as high opacity."""


@dataclass(frozen=True)
class RegionCount:
    """Voxels of one region.

    Parameters
    ----------
    region : Region
        Where.
    voxels : int
        All of them, infected ones included, padding left out.
    infected : int
        Those of any class.
    by_class : dict of str to int
        Those of each class; the rest of `infected` is of unknown class.
    dense : int or None
        Infected voxels above -200 HU; None when the scan is not in HU.
    """

    region: Region
    voxels: int
    infected: int
    by_class: dict[str, int]
    dense: int | None


def count_regions(
    ct: CTVolume, lesions: LesionMask, partition: Partition
) -> tuple[RegionCount, ...]:
    """Count the voxels of each region of a partition, in its order.

    Parameters
    ----------
    ct, lesions : CTVolume, LesionMask
        On the grid of the partition.
    partition : Partition
        Lesions outside its regions are not counted; `regions.spread` it before.
    """
    size = len(partition.regions) + 1
    counts = np.zeros((size, 256), np.int64)
    dense = np.zeros(size, np.int64)
    # Slice by slice, as whole scans at once would hold up other threads.
    for z, plane in enumerate(partition.labels):
        measured = plane > 0
        if ct.padding is not None:
            measured &= ~ct.padding[z]
        region, label = plane[measured], lesions.labels[z][measured]
        pair = region.astype(np.intp) * 256 + label
        counts += np.bincount(pair, minlength=counts.size).reshape(counts.shape)
        is_dense = (ct.hu[z][measured] > HIGH_OPACITY_HU) & (label > 0)
        dense += np.bincount(region[is_dense], minlength=size)
    return tuple(
        _count(region, counts[number], int(dense[number]), ct, lesions)
        for number, region in enumerate(partition.regions, 1)
    )


def add_counts(region: Region, parts: Sequence[RegionCount]) -> RegionCount:
    """Join regions, at least one, into a larger one."""
    dense = [one.dense for one in parts if one.dense is not None]
    return RegionCount(
        region=region,
        voxels=sum(one.voxels for one in parts),
        infected=sum(one.infected for one in parts),
        by_class={
            key: sum(one.by_class[key] for one in parts) for key in parts[0].by_class
        },
        dense=sum(dense) if len(dense) == len(parts) else None,
    )


def _count(
    region: Region,
    by_label: npt.NDArray[np.int64],
    dense: int,
    ct: CTVolume,
    lesions: LesionMask,
) -> RegionCount:
    voxels = int(by_label.sum())
    return RegionCount(
        region=region,
        voxels=voxels,
        infected=voxels - int(by_label[0]),
        by_class={
            label.key: int(by_label[label.value]) for label in lesions.label_set.classes
        },
        dense=dense if ct.is_hu else None,
    )
