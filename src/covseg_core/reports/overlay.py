"""One picture of a result: the most affected slices with their outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from covseg_core.io.atomic import write_atomically
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.prepare import Box, lung_box

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["draw_overlay", "write_overlay"]

WINDOW_HU = (-1350.0, 150.0)
MARGIN_MM = 15.0
PICTURE_INCHES = 3.2
LINE_INCHES = 0.45


def write_overlay(
    path: Path, ct: CTVolume, lesions: LesionMask, lungs: LungMask | None
) -> None:
    """Write the picture of `draw_overlay` as PNG.

    Raises
    ------
    OutputError
        If it could not be written.
    """
    canvas = FigureCanvasAgg(draw_overlay(ct, lesions, lungs))
    write_atomically(path, lambda temporary: canvas.print_png(str(temporary)))


def draw_overlay(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask | None, count: int = 4
) -> Figure:
    """Draw the most affected slices, plain above and coloured below.

    Parameters
    ----------
    ct : CTVolume
        In any orientation; drawn as on a light box, the patient's right at the
        left edge.
    lesions : LesionMask
        On the grid of `ct`.
    lungs : LungMask or None
        On the grid of `ct`; the picture is cut to them and shows their outline.
    count : int
        How many slices, at most.

    Returns
    -------
    Figure
        Without identifiers.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    """
    lesions.require_on(ct)
    if lungs is not None:
        lungs.require_on(ct)
        lungs = standardise_mask(lungs) if lungs.labels.any() else None
    ct, lesions = standardise_ct(ct), standardise_mask(lesions)
    box = Box.whole(ct.grid) if lungs is None else lung_box(lungs, MARGIN_MM)
    chosen = _most_affected(lesions.labels[box.slices], count) + box.slices.start

    figure = Figure(_size_inches(ct, box, len(chosen)), dpi=110, facecolor="black")
    axes = figure.subplots(2, len(chosen), squeeze=False)
    for (above, below), z in zip(axes.T, chosen, strict=True):
        for axis in (above, below):
            _show_ct(axis, ct, box, z)
        above.set_title(f"slice {z + 1} of {ct.grid.shape[0]}", color="white", size=9)
        _show_lesions(below, lesions, box, z)
        if lungs is not None:
            _show_outline(below, lungs.labels[z, box.rows, box.columns])
    _explain(figure, lesions)
    return figure


def _most_affected(labels: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.int64]:
    """Choose slices with much disease that are not neighbours, foot to head."""
    area = (labels > 0).sum(axis=(1, 2)).astype(float)
    if not area.any():
        middle = np.linspace(0, len(area) - 1, min(count, len(area)) + 2)[1:-1]
        return np.unique(middle.round().astype(np.int64))
    apart = max(1, len(area) // (4 * count))
    chosen: list[int] = []
    for z in np.argsort(area)[::-1]:
        if area[z] > 0 and all(abs(z - other) >= apart for other in chosen):
            chosen.append(int(z))
        if len(chosen) == count:
            break
    return np.array(sorted(chosen), dtype=np.int64)


def _size_inches(ct: CTVolume, box: Box, columns: int) -> tuple[float, float]:
    """Two rows of pictures, a line above and a line below."""
    _, dy, dx = ct.grid.spacing_mm_zyx
    height_mm = (box.rows.stop - box.rows.start) * dy
    width_mm = (box.columns.stop - box.columns.start) * dx
    pictures = 2 * PICTURE_INCHES * height_mm / width_mm
    return PICTURE_INCHES * max(columns, 2), pictures + 2 * LINE_INCHES


def _show_ct(axis: Axes, ct: CTVolume, box: Box, z: int) -> None:
    low, high = WINDOW_HU if ct.is_hu else (0.0, 255.0)
    _, dy, dx = ct.grid.spacing_mm_zyx
    plane = ct.hu[z, box.rows, box.columns]
    axis.imshow(plane, cmap="gray", vmin=low, vmax=high, aspect=dy / dx)
    axis.set_axis_off()


def _show_lesions(axis: Axes, lesions: LesionMask, box: Box, z: int) -> None:
    plane = lesions.labels[z, box.rows, box.columns]
    colours = np.zeros((*plane.shape, 4))
    for label in lesions.label_set.classes:
        colours[plane == label.value] = (*label.colour, 0.45)
    axis.imshow(colours, aspect=axis.get_aspect(), interpolation="nearest")


def _show_outline(axis: Axes, lungs: npt.NDArray[np.uint8]) -> None:
    if lungs.any():
        axis.contour(lungs > 0, levels=[0.5], colors=["#56b4e9"], linewidths=0.6)


def _explain(figure: Figure, lesions: LesionMask) -> None:
    volumes = lesions.volumes_ml
    handles = [
        Patch(color=label.colour, label=f"{label.title} {volumes[label.key]:.1f} ml")
        for label in lesions.label_set.classes
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        frameon=False,
        labelcolor="white",
        fontsize=9,
    )
    figure.text(
        0.5,
        1 - 0.04 / figure.get_figheight(),
        "R = left edge. For research use only.",
        color="0.7",
        size=8,
        ha="center",
        va="top",
    )
    line = LINE_INCHES / figure.get_figheight()
    figure.subplots_adjust(0.005, line, 0.995, 1 - line, 0.02, 0.02)
