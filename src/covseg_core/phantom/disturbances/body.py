"""Where the patient's body ends, as far as what is laid around it must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from covseg_core.errors import GeometryError, InputRefusedError

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, Grid

__all__ = ["BodyBox", "find_body", "require_hu", "require_upright"]

_TISSUE_HU = -400.0
_WORK_MM = 3.0
_TABLE_MM = 15.0
"""What is thinner than this is a table or a blanket."""


@dataclass(frozen=True)
class BodyBox:
    """The box around a chest lying on its back, LPS millimetres.

    Parameters
    ----------
    right_mm, left_mm : float
        x of the patient's right and left side.
    front_mm, back_mm : float
        y of the foremost and the hindmost skin.
    """

    right_mm: float
    left_mm: float
    front_mm: float
    back_mm: float

    @property
    def middle_mm(self) -> float:
        """Halfway between the sides."""
        return (self.right_mm + self.left_mm) / 2

    @property
    def width_mm(self) -> float:
        """From side to side."""
        return self.left_mm - self.right_mm


def find_body(ct: CTVolume) -> BodyBox:
    """Find the box around the body in the middle slices, the table left out.

    Shoulders and hips, which may be wider, take no part.

    Parameters
    ----------
    ct : CTVolume
        In HU, upright.

    Raises
    ------
    InputRefusedError
        If the scan holds grey levels, or no tissue thicker than a table.
    GeometryError
        If the scan is not upright.
    """
    require_hu(ct)
    require_upright(ct.grid)
    _, dy, dx = ct.grid.spacing_mm_zyx
    steps = max(1, round(_WORK_MM / dy)), max(1, round(_WORK_MM / dx))
    count = len(ct.hu)
    middle = slice(count // 3, count - count // 3)
    tissue = ct.hu[middle, :: steps[0], :: steps[1]] > _TISSUE_HU
    reach = max(1, round(_TABLE_MM / 2 / (dy * steps[0])))
    thick = ndimage.binary_opening(tissue, np.ones((1, 2 * reach + 1, 2 * reach + 1)))
    parts, found = ndimage.label(thick)
    if not found:
        raise InputRefusedError(
            f"no body was found: nothing above {_TISSUE_HU:.0f} HU is thicker than "
            f"{_TABLE_MM:.0f} mm. Give a CT of the chest."
        )
    body = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    x0, y0, _ = ct.grid.origin_lps_mm
    front, back = _span(body.any(axis=(0, 2)), y0, dy * steps[0])
    right, left = _span(body.any(axis=(0, 1)), x0, dx * steps[1])
    return BodyBox(right, left, front, back)


def require_hu(ct: CTVolume) -> None:
    """Raise `InputRefusedError` if a scan holds grey levels."""
    if not ct.is_hu:
        raise InputRefusedError(
            "this scan holds grey levels and no Hounsfield units, so nothing of known "
            "density can be put into it; give the scan in HU."
        )


def require_upright(grid: Grid) -> None:
    """Raise `GeometryError` unless axes run to the head, the back and the left."""
    if not np.allclose(grid.direction_lps, np.eye(3), atol=1e-3):
        raise GeometryError(
            "the scan must be upright (slices to the head, rows to the back, columns "
            "to the left); turn it with transforms.orient.standardise_ct first."
        )


def _span(
    hits: npt.NDArray[np.bool_], start_mm: float, step_mm: float
) -> tuple[float, float]:
    places = np.flatnonzero(hits)
    return start_mm + (places[0] - 0.5) * step_mm, start_mm + (
        places[-1] + 0.5
    ) * step_mm
