"""Whether two layers show one scan, as when it was removed and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_covseg._convert import CTFacts, facts_of

if TYPE_CHECKING:
    from napari.layers import Image

__all__ = ["shows_same"]


def shows_same(one: Image | None, other: Image | None) -> bool:
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
