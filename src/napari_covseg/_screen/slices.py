"""Which slice is on screen and what is under the pointer, and how to go elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from napari.layers import Layer
    from napari.viewer import Viewer

__all__ = [
    "NO_SLICE",
    "bring_into_view",
    "is_axial",
    "show_slice",
    "shown_slice",
    "voxel_at",
]

NO_SLICE = "This works on the slice on screen: show axial slices first."


def is_axial(viewer: Viewer) -> bool:
    """Whether a slice is on screen, and no other plane and no volume."""
    count = viewer.dims.ndim
    return set(viewer.dims.displayed) == {count - 2, count - 1}


def shown_slice(viewer: Viewer, layer: Layer) -> int:
    """Give the number of the axial slice on screen, from 0."""
    number = round(float(layer.world_to_data(viewer.dims.point)[0]))
    return min(max(number, 0), layer.data.shape[0] - 1)


def show_slice(viewer: Viewer, layer: Layer, number: int) -> None:
    """Go to an axial slice, counted from 0."""
    point = layer.data_to_world((number, 0, 0))
    viewer.dims.set_point(viewer.dims.ndim - 3, float(point[0]))


def voxel_at(layer: Layer, position: Sequence[float]) -> tuple[int, int, int]:
    """Give slice, row and column at a place of the viewer, from 0."""
    z, y, x = (round(float(index)) for index in layer.world_to_data(position))
    return z, y, x


def bring_into_view(viewer: Viewer, layer: Layer) -> None:
    """Go to the middle of a layer, unless the slice on screen is one of it."""
    dims = viewer.dims
    # Axes that only other layers have, such as time, come first and stay.
    own = range(dims.ndim - layer.ndim, dims.ndim)
    ends = dict(zip(own, layer.extent.world.T, strict=True))
    for axis in dims.not_displayed:
        if axis in ends and not _is_between(ends[axis], dims.point[axis]):
            dims.set_point(axis, float(sum(ends[axis])) / 2)
    centre = viewer.scene.camera.center[-dims.ndisplay :]
    shown = zip(dims.displayed, centre, strict=True)
    if not all(_is_between(ends[axis], at) for axis, at in shown if axis in ends):
        viewer.fit_to_view(layers=[layer])


def _is_between(ends: npt.NDArray[np.float64], place: float) -> bool:
    low, high = ends
    return bool(low <= place <= high)
