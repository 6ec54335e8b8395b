"""Draw one slice twice: with the reader's outline and with the network's."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from covseg_core.reports.overlay import WINDOW_HU
from covseg_core.transforms.orient import Orientation, standardise_ct

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from covseg_core.volume import CTVolume

__all__ = ["Shown", "draw_case", "worst_slice"]

COLOURS = ("#56b4e9", "#e69f00")
"""Of the first and the second class, and safe for the colour-blind."""
INCHES = 5.0


@dataclass(frozen=True, eq=False)
class Shown:
    """One slice as on a light box.

    Parameters
    ----------
    grey : ndarray of float, shape (H, W)
        In [0, 1].
    truth, found : ndarray of uint8, shape (H, W)
        Classes; other values than 1 and 2 are drawn as 1.
    aspect : float
        Height of a pixel by its width.
    z : int
        Index of the slice in standard orientation.
    """

    grey: npt.NDArray[np.float32]
    truth: npt.NDArray[np.uint8]
    found: npt.NDArray[np.uint8]
    aspect: float
    z: int


def worst_slice(
    ct: CTVolume, truth: npt.NDArray[np.uint8], found: npt.NDArray[np.uint8]
) -> Shown:
    """Take the slice with most wrong voxels, all classes taken together."""
    turn, standard = Orientation(ct.grid), standardise_ct(ct)
    truth, found = turn.apply(truth), turn.apply(found)
    z = int(((truth > 0) != (found > 0)).sum(axis=(1, 2)).argmax())
    low, high = WINDOW_HU if ct.is_hu else (0.0, 255.0)
    grey = np.clip((standard.hu[z] - low) / (high - low), 0, 1)
    _, row_mm, column_mm = standard.grid.spacing_mm_zyx
    return Shown(grey, truth[z], found[z], row_mm / column_mm, z)


def draw_case(shown: Shown) -> bytes:
    """Draw the slice with both outlines side by side, as PNG."""
    height, width = shown.grey.shape
    high = INCHES * shown.aspect * height / width
    picture = Figure(figsize=(2 * INCHES, high + 0.3), facecolor="black")
    axes = picture.subplots(1, 2)
    for ax, title, labels in zip(
        axes, ("Reader", "Network"), (shown.truth, shown.found), strict=True
    ):
        ax.imshow(shown.grey, cmap="gray", vmin=0, vmax=1, aspect=shown.aspect)
        ax.set_title(title, color="white", fontsize=11, pad=4)
        ax.axis("off")
        _outline(ax, labels)
    top = 1 - 0.3 / (high + 0.3)
    picture.subplots_adjust(0, 0, 1, top, wspace=0.01)
    file = io.BytesIO()
    picture.savefig(file, format="png", dpi=100)
    return file.getvalue()


def _outline(ax: Axes, labels: npt.NDArray[np.uint8]) -> None:
    for value, colour in enumerate(COLOURS, start=1):
        # Of unknown class are values above 2.
        mask = (labels == value) | ((labels > 2) & (value == 1))
        if mask.any():
            # Padded, so that an outline at the edge of the picture closes.
            rows, columns = mask.shape
            ends = (-1, columns, -1, rows)
            ax.contour(np.pad(mask, 1), [0.5], colors=colour, extent=ends)
