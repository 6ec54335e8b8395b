"""What a network is shown of a scan: window, size and the box around the lungs.

The settings are stored in the model card, so training and prediction prepare
every slice in the same way; `transforms.slices` carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import ConfigDict, model_validator
from scipy import ndimage

from covseg_core.errors import InputRefusedError
from covseg_core.settings import Settings, setting

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from covseg_core.volume import CTVolume, Grid, LungMask

__all__ = [
    "Box",
    "Prepare",
    "box_for",
    "lung_box",
    "near_lungs",
    "require_lungs",
]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Prepare(Settings):
    """How a slice is made ready for a network."""

    model_config = ConfigDict(allow_inf_nan=False)

    size: int = setting(
        352,
        "Rows and columns of the network's input, a multiple of 32.",
        low=32,
        high=4096,
    )
    window_low_hu: float = setting(-1350.0, "Shown as black.", unit="hu")
    window_high_hu: float = setting(150.0, "Shown as white.", unit="hu")
    crop: Literal["lungs", "none"] = setting(
        "lungs", "Cut a CT to the box around both lungs; 8-bit slices are taken whole."
    )
    margin_mm: float = setting(
        10.0, "Room left around the lungs.", unit="mm", low=0, high=100
    )
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.size % 32:
            raise ValueError(f"size {self.size} is not a multiple of 32")
        if self.window_low_hu >= self.window_high_hu:
            raise ValueError("window_low_hu must be below window_high_hu")
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


@dataclass(frozen=True)
class Box:
    """A box of voxels in the standard orientation, stops excluded."""

    slices: slice
    rows: slice
    columns: slice

    @classmethod
    def whole(cls, grid: Grid) -> Box:
        """Take the whole grid."""
        return cls(*(slice(0, n) for n in grid.shape))

    @property
    def as_index(self) -> tuple[slice, slice, slice]:
        """The index of the box in an array (Z, Y, X)."""
        return self.slices, self.rows, self.columns


def require_lungs(lungs: LungMask) -> None:
    """Raise `InputRefusedError` if a lung mask is empty."""
    if not lungs.labels.any():
        raise InputRefusedError(
            "the lung mask is empty; give one with 1 right and 2 left, or none, and "
            "covseg finds the lungs."
        )


def lung_box(lungs: LungMask, margin_mm: float) -> Box:
    """Find the box around both lungs.

    Parameters
    ----------
    lungs : LungMask
        In the standard orientation.
    margin_mm : float
        Room left within each slice; no slices are added above or below.

    Raises
    ------
    InputRefusedError
        If the mask is empty.
    """
    require_lungs(lungs)
    spans = []
    for axis, spacing in enumerate(lungs.grid.spacing_mm_zyx):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(lungs.labels.any(axis=others))
        margin = 0 if axis == 0 else int(np.ceil(margin_mm / spacing))
        low = max(int(hits[0]) - margin, 0)
        high = min(int(hits[-1]) + margin + 1, lungs.grid.shape[axis])
        spans.append(slice(low, high))
    return Box(*spans)


def near_lungs(
    lungs: LungMask, window: tuple[slice, slice, slice], margin_mm: float
) -> npt.NDArray[np.bool_]:
    """Mark what lies in the lungs or beside them, within each slice of a window.

    Parameters
    ----------
    lungs : LungMask
        In the standard orientation.
    window : tuple of slice
        The part to look at; lungs outside of it do not count.
    margin_mm : float
        How far beside them, along rows and columns.
    """
    reach = (int(np.ceil(margin_mm / mm)) for mm in lungs.grid.spacing_mm_zyx[1:])
    size = (1, *(2 * pixels + 1 for pixels in reach))
    near = ndimage.maximum_filter(lungs.labels[window], size, mode="constant")
    return np.asarray(near > 0)


def box_for(ct: CTVolume, lungs: LungMask | None, prepare: Prepare) -> Box:
    """Choose the box of a CT in standard orientation that a network is shown."""
    if lungs is None or prepare.crop == "none":
        return Box.whole(ct.grid)
    return lung_box(lungs, prepare.margin_mm)
