"""Where a stroke of napari's own tools has touched a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.editing.change import Box, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Labels

__all__ = ["box_of_stroke", "box_under_pointer"]


def box_of_stroke(atoms: Any, shape: tuple[int, ...]) -> Box:
    """Find the box that a stroke lies in.

    Parameters
    ----------
    atoms : object
        What napari's ``events.paint`` tells: entries that begin with slices or with
        arrays of indices, one per axis.
    shape : tuple of int
        Of the mask, (Z, Y, X).

    Returns
    -------
    Box
        All of the mask if napari tells something else.
    """
    try:
        boxes = [_box_of(_places(atom), shape) for atom in atoms]
    except (TypeError, ValueError, IndexError, AttributeError):
        return whole(shape)
    return _around(boxes) if boxes else whole(shape)


def box_under_pointer(layer: Labels, event: Any, spread: int) -> Box:
    """Find what a tool can have touched: the slice shown, or some beside it.

    Parameters
    ----------
    layer : Labels
        Which is painted on.
    event : object
        Of the mouse, with position and displayed axes.
    spread : int
        Voxels to both sides of the slice; 0 for a flat brush.
    """
    at = layer.world_to_data(event.position)
    box = list(whole(layer.data.shape))
    for axis in range(layer.ndim):
        if axis not in event.dims_displayed:
            here, size = round(float(at[axis])), layer.data.shape[axis]
            start = min(max(here - spread, 0), size - 1)
            box[axis] = slice(start, max(min(here + spread + 1, size), start + 1))
    return box[0], box[1], box[2]


def _places(atom: Any) -> Any:
    return atom.slice_key if hasattr(atom, "slice_key") else atom[0]


def _box_of(places: Iterable[Any], shape: tuple[int, ...]) -> Box:
    sides = (_reach(place, size) for place, size in zip(places, shape, strict=True))
    z, y, x = sides
    return z, y, x


def _reach(place: Any, size: int) -> slice:
    if isinstance(place, slice):
        start, stop, _ = place.indices(size)
        return slice(start, max(stop, start + 1))
    indices = np.asarray(place)
    return slice(int(indices.min()), int(indices.max()) + 1)


def _around(boxes: list[Box]) -> Box:
    z, y, x = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )
    return z, y, x
