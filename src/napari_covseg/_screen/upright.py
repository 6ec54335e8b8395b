"""Turn the camera with the axes: the head is at the top, and nobody is mirrored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["keep_upright", "shown_order"]


def keep_upright(viewer: ViewerModel) -> None:
    """Let the camera follow the order of the axes, now and from now on."""

    def turn(event: Any = None) -> None:
        viewer.scene.camera.orientation = _orientation(shown_order(viewer))

    viewer.dims.events.order.connect(turn)
    turn()


def shown_order(viewer: ViewerModel) -> tuple[int, ...]:
    """Give the order of the last three axes: 0 is slices, 1 rows, 2 columns."""
    order = viewer.dims.order[-3:]
    return tuple(axis - min(order) for axis in order)


def _orientation(order: tuple[int, ...]) -> tuple[str, str, str]:
    """Tell where depth, height and width point on the screen."""
    # Slices go from foot to head, rows from front to back.
    is_height_of_slices = len(order) == 3 and order[1] == 0
    height = "up" if is_height_of_slices else "down"
    is_cyclic = order in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    depth = "away" if (height == "down") == is_cyclic else "towards"
    return depth, height, "right"
