"""Show some layers side by side or on each other, and put all back as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.layers import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer
    from napari.viewer import Viewer

__all__ = ["Arrangement"]

_GRID = ("enabled", "stride", "shape", "spacing")
_CAMERA = ("zoom", "center")
# The upper corners belong to the facts of the slice and to warnings.
_NAMED = {"visible": True, "position": "bottom_left", "font_size": 8}


@dataclass(frozen=True)
class _Kept:
    """The viewer as it was."""

    grid: dict[str, Any]
    camera: dict[str, Any]
    visible: dict[Layer, bool]
    names: dict[Layer, dict[str, Any]]
    active: Layer | None


class Arrangement:
    """Changes grid and visibility of a viewer, and can give back what there was.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are shown.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._kept: _Kept | None = None

    @property
    def is_entered(self) -> bool:
        """Whether there is something to put back."""
        return self._kept is not None

    def enter(self) -> None:
        """Remember the viewer as it is."""
        if self._kept is None:
            layers = self._viewer.layers
            self._kept = _Kept(
                {name: getattr(self._grid, name) for name in _GRID},
                {name: getattr(self._camera, name) for name in _CAMERA},
                {layer: layer.visible for layer in layers},
                {layer: _look_of_name(layer) for layer in layers},
                layers.selection.active,
            )

    def leave(self, ours: Sequence[Layer], *, only_grid: bool = False) -> None:
        """Put back grid and visibility; layers of `ours` are hidden.

        Parameters
        ----------
        ours : sequence of Layer
            Those that were shown.
        only_grid : bool
            Visibility and camera stay, as another scan was brought to the front.
        """
        kept, self._kept = self._kept, None
        if kept is None:
            return
        for layer in ours:
            layer.visible = False
        for layer, look in kept.names.items():
            _name(layer, look)
        self._set_grid(kept.grid)
        if not only_grid:
            self._look_again(kept, ours)

    def side_by_side(self, shown: Sequence[Layer]) -> None:
        """Give every layer that is shown a picture of its own."""
        self._show_only(shown)
        self._set_grid({"enabled": True, "stride": 1, "shape": (-1, -1)})

    def in_pair(self, left: Layer, right: Sequence[Layer]) -> None:
        """Show one layer on the left and the others, on each other, on the right.

        Those on the right must follow each other in the list, above the left one.
        """
        self._show_only((left, *right))
        # napari puts so many layers, counted from the bottom, into one picture.
        stride = self._viewer.layers.index(right[0])
        self._set_grid({"enabled": True, "stride": stride, "shape": (1, 2)})

    def stacked(self, shown: Sequence[Layer]) -> None:
        """Show layers on each other."""
        self._show_only(shown)
        self._set_grid({"enabled": False})

    @property
    def _grid(self) -> Any:
        # The grid moved to the canvas in napari 0.9.
        return getattr(self._viewer, "canvas", self._viewer).grid

    @property
    def _camera(self) -> Any:
        return getattr(self._viewer, "scene", self._viewer).camera

    def _set_grid(self, values: dict[str, Any]) -> None:
        before = [getattr(self._grid, name) for name in values]
        for name, value in values.items():
            setattr(self._grid, name, value)
        if before != list(values.values()):
            self._viewer.reset_view()

    def _look_again(self, kept: _Kept, ours: Sequence[Layer]) -> None:
        layers = self._viewer.layers
        for layer, visible in kept.visible.items():
            if layer in layers and layer not in ours:
                layer.visible = visible
        for name, value in kept.camera.items():
            setattr(self._camera, name, value)
        if kept.active in layers:
            layers.selection.active = kept.active

    def _show_only(self, shown: Sequence[Layer]) -> None:
        for layer in self._viewer.layers:
            layer.visible = layer in shown
            if layer in shown and isinstance(layer, Image):
                _name(layer, _NAMED)


def _look_of_name(layer: Layer) -> dict[str, Any]:
    """Tell how a layer's name stands in the picture; napari can do so since 0.9."""
    overlay = getattr(layer, "name_overlay", None)
    if overlay is None:
        return {}
    return {key: getattr(overlay, key) for key in _NAMED}


def _name(layer: Layer, look: dict[str, Any]) -> None:
    if hasattr(layer, "name_overlay"):
        for key, value in look.items():
            setattr(layer.name_overlay, key, value)
