"""Take a layer away while napari may be removing others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

__all__ = ["remove_soon"]


def remove_soon(viewer: Viewer, layer: Layer) -> None:
    """Hide a layer, and remove it in the next turn of the event loop.

    napari removes selected layers one after the other, tells of each, and fails where
    one of them is gone before its turn.  The name is free at once, for a layer that
    takes the place of this one.
    """
    layer.visible = False
    layer.name = f"{layer.name} (removed)"
    QTimer.singleShot(0, partial(_remove, viewer, layer))


def _remove(viewer: Viewer, layer: Layer) -> None:
    if layer in viewer.layers:
        viewer.layers.remove(layer)
