"""Which scan each mask was made on, also when one of both was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_covseg._convert import CTFacts, facts_of, lies_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari.layers import Labels, Layer

__all__ = ["MadeOn"]

_NAME_OF_SCAN = "covseg scan"


class MadeOn:
    """Remembers the scan of each mask that was edited."""

    def __init__(self) -> None:
        self._scans: dict[Labels, Image | None] = {}

    def scan_of(self, mask: Labels) -> Image | None:
        """Give the scan of a mask; None if none was found."""
        return self._scans.get(mask)

    def note(self, mask: Labels, scan: Image | None) -> None:
        """Say which scan a mask was made on."""
        self._scans[mask] = scan
        # So that napari's copies of the layer name their scan, too.
        mask.metadata[_NAME_OF_SCAN] = scan and scan.unique_id

    def forget(self, mask: Labels) -> Image | None:
        """Give up a mask; gives its scan."""
        return self._scans.pop(mask)

    def has_masks(self, scan: Layer | None) -> bool:
        """Whether any mask was made on a scan."""
        return scan in self._scans.values()

    def find(self, mask: Labels, layers: Iterable[Layer]) -> Image | None:
        """Find the scan that a mask was made on, or else the first that it lies on."""
        if mask in self._scans:
            return self._scans[mask]
        under = [
            each for each in layers if isinstance(each, Image) and lies_on(mask, each)
        ]
        name = mask.metadata.get(_NAME_OF_SCAN)
        named = [each for each in under if each.unique_id == name]
        return next(iter(named + under), None)

    def hand_over(
        self, scan: Image | None, layers: Collection[Layer]
    ) -> tuple[Image, ...]:
        """Give a scan the masks of the removed layers that showed the same.

        Parameters
        ----------
        scan : Image, optional
            Opened again, maybe.
        layers : collection of Layer
            Those that are not removed.

        Returns
        -------
        tuple of Image
            The removed ones.
        """
        former = tuple(
            each
            for each in set(self._scans.values())
            if each not in layers and _show_same(each, scan)
        )
        for mask, made_on in self._scans.items():
            if made_on in former:
                self.note(mask, scan)
        return former


def _show_same(one: Image | None, other: Image | None) -> bool:
    """Whether both layers have the same voxels, stored at the same place."""
    if one is None or other is None:
        return False
    facts, others = facts_of(one.metadata), facts_of(other.metadata)
    return (
        isinstance(facts, CTFacts)
        and isinstance(others, CTFacts)
        and facts.grid.matches(others.grid)
        and len(one.data) == len(other.data)
        # Slice by slice: other scans differ soon, and the same one needs no copy.
        and all(map(np.array_equal, one.data, other.data))
    )
