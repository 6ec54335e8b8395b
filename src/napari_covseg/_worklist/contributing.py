"""Add the scan on screen and its mask to a store of cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from covseg_core.transforms.orient import Orientation
from covseg_core.volume import LabelVolume, LesionMask

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.cases.contribute import Contribution, MaskStory
    from covseg_core.volume import CTVolume, Grid, LungMask

__all__ = ["Gift", "give"]

_Mask = TypeVar("_Mask", bound=LabelVolume)


@dataclass(frozen=True, eq=False)
class Gift:
    """What is given to a store; all in the standard orientation.

    Parameters
    ----------
    ct : CTVolume
        The scan.
    mask : LesionMask
        A copy, which nobody paints in meanwhile.
    grid : Grid
        The scan as it was read, which is how it is stored.
    story : MaskStory
        How the mask came about.
    lungs : LungMask or None
        Kept with a new scan.
    """

    ct: CTVolume
    mask: LesionMask
    grid: Grid
    story: MaskStory
    lungs: LungMask | None = None


def give(root: Path, gift: Gift) -> Generator[None, None, Contribution]:
    """Write a gift into the store in a folder; raises as `contribute` does."""
    from covseg_core.cases.contribute import contribute
    from covseg_core.cases.store import CaseStore

    yield
    grid = gift.grid
    turn = Orientation(grid)
    hu: npt.NDArray[np.float32] = np.ascontiguousarray(turn.undo(gift.ct.hu))
    padding = gift.ct.padding
    if padding is not None:
        padding = np.ascontiguousarray(turn.undo(padding))
    ct = replace(gift.ct, hu=hu, grid=grid, padding=padding)
    lungs = None if gift.lungs is None else _stored(gift.lungs, turn)
    mask = _stored(gift.mask, turn)
    return contribute(CaseStore(root), ct, mask, gift.story, lungs)


def _stored(mask: _Mask, turn: Orientation) -> _Mask:
    labels = np.ascontiguousarray(turn.undo(mask.labels))
    return replace(mask, labels=labels, grid=turn.grid)
