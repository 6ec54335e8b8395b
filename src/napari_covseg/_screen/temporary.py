"""A layer that only shows something, in place of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_covseg._screen.removal import remove_soon

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_covseg._convert import LayerTuple

__all__ = ["TemporaryLayer"]


class TemporaryLayer:
    """Shows at most one layer at a time; nobody can paint on it.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the layer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None

    def show(self, made: LayerTuple) -> None:
        """Show a layer; not while napari may be removing others."""
        data, arguments, kind = made
        selection, before = self._viewer.layers.selection, self._layer
        in_hand = selection.active
        self.remove()
        self._layer = getattr(self._viewer, f"add_{kind}")(data, **arguments)
        self._layer.editable = False
        # napari selects a new layer, and the brush would be gone.
        if in_hand not in (None, before):
            selection.active = in_hand

    def remove(self) -> None:
        """Take it away, if it is there; at any time."""
        layer, self._layer = self._layer, None
        if layer is not None:
            remove_soon(self._viewer, layer)
