"""A scan in batches of slices, as networks are shown it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume

__all__ = ["chunks_of", "require_finite"]


def require_finite(ct: CTVolume) -> None:
    """Raise `InputRefusedError` if a voxel is not finite."""
    if not np.isfinite((ct.hu.min(), ct.hu.max())).all():
        raise InputRefusedError(
            "the CT holds values that are not finite, which no network can judge; "
            "set them to air (-1000 HU) first."
        )


def chunks_of(whole: slice, size: int) -> list[slice]:
    """Cut a range of slices into batches, the last of which may be smaller."""
    return [
        slice(start, min(start + size, whole.stop))
        for start in range(whole.start, whole.stop, size)
    ]
