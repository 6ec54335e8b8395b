"""Draw the most affected place of a scan in three planes, in true proportions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from covseg_core.io.terminology import classes_of
from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.reports.overlay import MARGIN_MM, WINDOW_HU
from covseg_core.reports.severity.look import INK, ON_PICTURE, put_text
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.prepare import Box, lung_box

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from covseg_core.labels import LabelClass
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["draw_planes", "most_affected_place"]

_SLAB_MM = 25.0
_BAR_MM = 50.0
_OPACITY = 0.45
_LUNG = "#56b4e9"
_AXIAL, _CORONAL, _SAGITTAL = 0, 1, 2
_NAMES = ("slice", "row", "column")
_MARKS = {_AXIAL: "RLAP", _CORONAL: "RLHF", _SAGITTAL: "APHF"}
"""What lies left, right, above and below in each plane."""


@dataclass(frozen=True, eq=False)
class _Scene:
    """A scan and its masks in the standard orientation, cut to the lungs."""

    hu: npt.NDArray[np.float32]
    lesions: npt.NDArray[np.uint8]
    lungs: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    offset: tuple[int, int, int]
    shape: tuple[int, int, int]
    classes: tuple[LabelClass, ...]
    window: tuple[float, float]

    def plane(self, array: npt.NDArray[Any], axis: int, at: int) -> npt.NDArray[Any]:
        """Take a plane as it is looked at: the head, or the front, at the top."""
        plane = array.take(at, axis)
        return plane if axis == _AXIAL else plane[::-1]

    def sides_mm(self, axis: int) -> tuple[float, float]:
        """Size of a pixel of a plane, (down, across)."""
        down, across = (self.spacing_mm[other] for other in range(3) if other != axis)
        return down, across


def draw_planes(
    figure: FigureBase, ct: CTVolume, lesions: LesionMask, lungs: LungMask
) -> None:
    """Draw the most affected slice plain and coloured, and two planes across it.

    All four pictures have one scale; letters tell the patient's right and left (R,
    L), front and back (A, P), head and feet (H, F).

    Parameters
    ----------
    figure : FigureBase
        Empty; a part of a page, or a figure of its own.
    ct : CTVolume
        In any orientation.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`; the pictures are cut to the lungs.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty.
    """
    lesions.require_on(ct)
    lungs.require_on(ct)
    scene = _scene(ct, lesions, lungs)
    place = most_affected_place(scene.lesions, scene.lungs, scene.spacing_mm)
    depth_mm, height_mm = (
        scene.hu.shape[axis] * scene.spacing_mm[axis] for axis in (1, 0)
    )
    axes = figure.subplots(
        2, 2, height_ratios=(depth_mm, height_mm), gridspec_kw=_spaces()
    )
    _show(axes[0, 0], scene, _AXIAL, place, plain=True)
    _show(axes[0, 1], scene, _AXIAL, place)
    _show(axes[1, 0], scene, _CORONAL, place)
    _show(axes[1, 1], scene, _SAGITTAL, place)
    _explain(figure, scene)


def most_affected_place(
    lesions: npt.NDArray[np.uint8],
    lungs: npt.NDArray[np.uint8],
    spacing_mm: tuple[float, float, float],
) -> tuple[int, int, int]:
    """Find the slice with most infection, and in it the row and column with most.

    Parameters
    ----------
    lesions, lungs : ndarray of uint8, shape (Z, Y, X)
        In the standard orientation.
    spacing_mm : tuple of float
        Along each axis.

    Returns
    -------
    tuple of int
        Slice, row and column.  Row and column are those with most infection within
        25 mm of what was chosen before; the middle of the lungs without infection.
    """
    infected = lesions > 0
    if not infected.any():
        where = np.nonzero(lungs)
        z, y, x = (int(np.median(places)) for places in where)
        return z, y, x
    z = int(infected.sum(axis=(1, 2)).argmax())
    near = infected[_slab(z, spacing_mm[0])]
    y = int(near.sum(axis=(0, 2)).argmax())
    x = int(near[:, _slab(y, spacing_mm[1])].sum(axis=(0, 1)).argmax())
    return z, y, x


def _slab(at: int, spacing_mm: float) -> slice:
    reach = int(_SLAB_MM // spacing_mm)
    return slice(max(at - reach, 0), at + reach + 1)


def _scene(ct: CTVolume, lesions: LesionMask, lungs: LungMask) -> _Scene:
    ct, lesions, lungs = (
        standardise_ct(ct),
        standardise_mask(lesions),
        standardise_mask(lungs),
    )
    box = _roomy(lung_box(lungs, MARGIN_MM), ct)
    inside = lesions.labels[box.as_index]
    has_unknown = bool((inside == UNKNOWN_CLASS).any())
    z, y, x = (part.start for part in box.as_index)
    return _Scene(
        ct.hu[box.as_index],
        inside,
        lungs.labels[box.as_index],
        ct.grid.spacing_mm_zyx,
        (z, y, x),
        ct.grid.shape,
        classes_of(lesions.label_set, with_unknown=has_unknown),
        WINDOW_HU if ct.is_hu else (0.0, 255.0),
    )


def _roomy(box: Box, ct: CTVolume) -> Box:
    """Leave room above and below the lungs, too."""
    more = int(np.ceil(MARGIN_MM / ct.grid.spacing_mm_zyx[0]))
    low, high = box.slices.start - more, box.slices.stop + more
    slices = slice(max(low, 0), min(high, ct.grid.shape[0]))
    return Box(slices, box.rows, box.columns)


def _spaces() -> dict[str, float]:
    return {
        "left": 0.01,
        "right": 0.99,
        "bottom": 0.07,
        "top": 0.955,
        "wspace": 0.02,
        "hspace": 0.09,
    }


def _show(
    axis: Axes,
    scene: _Scene,
    normal: int,
    place: tuple[int, int, int],
    *,
    plain: bool = False,
) -> None:
    at = place[normal]
    down, across = scene.sides_mm(normal)
    low, high = scene.window
    axis.imshow(
        scene.plane(scene.hu, normal, at),
        cmap="gray",
        vmin=low,
        vmax=high,
        aspect=down / across,
    )
    if not plain:
        _paint(axis, scene, normal, at)
    _mark(axis, normal)
    _draw_bar(axis, across)
    number, of = at + scene.offset[normal] + 1, scene.shape[normal]
    look = "plain" if plain else "outlined"
    kind = ("Axial", "Coronal", "Sagittal")[normal]
    axis.set_title(
        f"{kind}, {look}: {_NAMES[normal]} {number} of {of}",
        fontsize=7.5,
        color=INK,
        pad=3,
    )
    axis.set_axis_off()


def _paint(axis: Axes, scene: _Scene, normal: int, at: int) -> None:
    labels = scene.plane(scene.lesions, normal, at)
    colours = np.zeros((*labels.shape, 4))
    for label in scene.classes:
        colours[labels == label.value] = (*label.colour, _OPACITY)
    axis.imshow(colours, aspect=axis.get_aspect(), interpolation="nearest")
    lungs = scene.plane(scene.lungs, normal, at) > 0
    has_border = lungs.any() and not lungs.all()
    # A scan of one slice is a line in the other planes, which has no outline.
    if has_border and min(lungs.shape) > 1:
        axis.contour(lungs, levels=[0.5], colors=[_LUNG], linewidths=0.5)


def _mark(axis: Axes, normal: int) -> None:
    places = ((0.02, 0.5), (0.98, 0.5), (0.5, 0.98), (0.5, 0.02))
    sides = (("left", "center"), ("right", "center"), ("center", "top"))
    for letter, (x, y), (ha, va) in zip(
        _MARKS[normal], places, (*sides, ("center", "bottom")), strict=True
    ):
        put_text(
            axis,
            x,
            y,
            letter,
            ha=ha,
            va=va,
            weight="bold",
            transform=axis.transAxes,
            **ON_PICTURE,
        )


def _draw_bar(axis: Axes, across_mm: float) -> None:
    """Draw 5 cm at the lower left."""
    left, right = axis.get_xlim()
    bottom, top = axis.get_ylim()
    start = left + 0.04 * (right - left)
    y = bottom + 0.05 * (top - bottom)
    axis.plot([start, start + _BAR_MM / across_mm], [y, y], lw=1.6, **ON_PICTURE)
    put_text(
        axis,
        start,
        y + 0.015 * (top - bottom),
        "5 cm",
        va="bottom",
        fontsize=6.5,
        **ON_PICTURE,
    )


def _explain(figure: FigureBase, scene: _Scene) -> None:
    handles = [Patch(color=label.colour, label=label.title) for label in scene.classes]
    handles.append(Patch(fill=False, edgecolor=_LUNG, label="Outline of the lungs"))
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        frameon=False,
        labelcolor=INK,
        fontsize=7,
    )
