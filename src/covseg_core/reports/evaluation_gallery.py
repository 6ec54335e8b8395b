"""Where a model went wrong: the worst slice of each file, both outlines on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io import is_nifti, read_ct
from covseg_core.io.images import is_picture, read_slice
from covseg_core.metrics.overlap import dice
from covseg_core.metrics.pairs import stem_of
from covseg_core.metrics.scores import labels_from
from covseg_core.reports.overlay import WINDOW_HU
from covseg_core.transforms.orient import Orientation, standardise_ct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from covseg_core.metrics.evaluation import Evaluated
    from covseg_core.volume import Grid

__all__ = ["Panel", "draw_gallery", "find_images", "worst_slice"]

TRUTH_COLOUR = "#56b4e9"
PREDICTED_COLOUR = "#e69f00"
MOST_PANELS = 8
COLUMNS = 4
NO_IMAGE = 0.12
PANEL_INCHES = 3.0
LINE_INCHES = 0.5
MARGIN = 0.12
"""Of the picture's side, kept around the outlines of a volume."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One slice as on a light box, the patient's right at the left edge.

    Parameters
    ----------
    name : str
        Of the case.
    truth, predicted : ndarray of bool, shape (H, W)
        Infection of any class.
    grid : Grid or None
        Of the file; None for a picture.
    z : int
        Index of the slice in standard orientation; 0 for a picture.
    """

    name: str
    truth: npt.NDArray[np.bool_]
    predicted: npt.NDArray[np.bool_]
    grid: Grid | None
    z: int = 0

    @property
    def dice(self) -> float:
        """Dice of this slice."""
        return dice(self.predicted, self.truth)


def worst_slice(evaluated: Evaluated) -> Panel:
    """Take the picture, or the slice of a volume with the most wrong voxels."""
    name, grid = evaluated.pair.name, evaluated.truth.grid
    truth = evaluated.truth.voxels > 0
    predicted = labels_from(evaluated.predicted.voxels, truth.ndim) > 0
    if grid is None:
        return Panel(name, truth, predicted, None)
    turn = Orientation(grid)
    truth, predicted = turn.apply(truth), turn.apply(predicted)
    z = int((truth != predicted).sum(axis=(1, 2)).argmax())
    return Panel(name, truth[z].copy(), predicted[z].copy(), grid, z)


def find_images(images: Path, names: Sequence[str]) -> dict[str, Path]:
    """Find the picture or NIfTI scan of each case, by its name.

    Raises
    ------
    InputRefusedError
        If there is none for a case; lists those.
    """
    if not images.exists():
        raise InputRefusedError(f"there is no file or folder {images.name!r}.")
    if images.is_file():
        return dict.fromkeys(names[:1], images)
    found = {
        _stem(path): path
        for path in sorted(images.iterdir())
        if is_nifti(path) or is_picture(path)
    }
    missing = [name for name in names if name not in found]
    if missing:
        raise InputRefusedError(
            f"the folder of images holds none for {', '.join(missing)}. Files are "
            "matched by name; rename or add these."
        )
    return {name: found[name] for name in names}


def draw_gallery(panels: Sequence[Panel], images: dict[str, Path]) -> Figure:
    """Draw the slices with the lowest Dice, worst first.

    Parameters
    ----------
    panels : sequence of Panel
        One for each file.
    images : dict of str to Path
        The scan or picture of each case, empty to draw outlines alone.

    Raises
    ------
    InputRefusedError
        If a scan cannot be read.
    GeometryError
        If one does not lie on its mask.
    """
    chosen = sorted(panels, key=lambda panel: panel.dice)[:MOST_PANELS]
    rows = math.ceil(len(chosen) / COLUMNS)
    columns = math.ceil(len(chosen) / rows)
    size = PANEL_INCHES * max(columns, 2), PANEL_INCHES * rows + LINE_INCHES
    figure = Figure(size, dpi=130, facecolor="black", layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, panel in zip(axes, chosen, strict=False):
        _draw_panel(axis, panel, images.get(panel.name))
    _explain(figure)
    return figure


def _stem(path: Path) -> str:
    return stem_of(path) if is_nifti(path) else path.stem


def _draw_panel(axis: Axes, panel: Panel, image: Path | None) -> None:
    rows, columns = _window(panel)
    _, dy, dx = (1, 1, 1) if panel.grid is None else _spacing(panel.grid)
    grey, low, high = _background(panel, image)
    axis.imshow(grey[rows, columns], cmap="gray", vmin=low, vmax=high, aspect=dy / dx)
    for mask, colour in (
        (panel.truth, TRUTH_COLOUR),
        (panel.predicted, PREDICTED_COLOUR),
    ):
        if mask[rows, columns].any():
            axis.contour(
                mask[rows, columns], levels=[0.5], colors=[colour], linewidths=1.1
            )
    place = "" if panel.grid is None else f", slice {panel.z + 1}"
    axis.set_title(f"{panel.name}{place}: Dice {panel.dice:.2f}", color="white", size=9)


def _spacing(grid: Grid) -> tuple[float, float, float]:
    return Orientation(grid).standard_grid.spacing_mm_zyx


def _window(panel: Panel) -> tuple[slice, slice]:
    """Choose rows and columns: a picture whole, a slice around its outlines."""
    union = panel.truth | panel.predicted
    if panel.grid is None or not union.any():
        return slice(None), slice(None)
    spans = []
    for side, where in zip(union.shape, np.nonzero(union), strict=True):
        middle = (int(where.min()) + int(where.max())) / 2
        reach = max((np.ptp(where) + 1) / 2 + MARGIN * side, side / 4)
        spans.append(slice(max(0, int(middle - reach)), int(middle + reach) + 1))
    return spans[0], spans[1]


def _background(
    panel: Panel, image: Path | None
) -> tuple[npt.NDArray[Any], float, float]:
    """Give the slice with its lowest and highest grey."""
    if image is None:
        return np.full(panel.truth.shape, NO_IMAGE), 0.0, 1.0
    if panel.grid is None:
        picture = read_slice(image).grey
        _require_fit(panel, picture.shape == panel.truth.shape)
        return picture, 0.0, 255.0
    ct = read_ct(image)
    _require_fit(panel, ct.grid.matches(panel.grid))
    return standardise_ct(ct).hu[panel.z], *(WINDOW_HU if ct.is_hu else (0.0, 255.0))


def _require_fit(panel: Panel, fits: bool) -> None:
    if not fits:
        raise GeometryError(
            f"the image of {panel.name} does not lie on its mask; give the one that "
            "was predicted on."
        )


def _explain(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=TRUTH_COLOUR, label="reader"),
        Line2D([], [], color=PREDICTED_COLOUR, label="prediction"),
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2,
        frameon=False,
        labelcolor="white",
        title="R = left edge. For research use only.",
        title_fontproperties={"size": 8},
    )
    figure.legends[0].get_title().set_color("0.7")
