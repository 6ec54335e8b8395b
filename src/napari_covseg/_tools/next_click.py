"""Wait for one click on a mask, without painting there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels

__all__ = ["NextClick"]


class NextClick(QObject):
    """Tells where the reader clicks next; another tool ends the waiting.

    Parameters
    ----------
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    ended : Signal
        Sent when it waits no longer.
    """

    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self._mode = ""
        self._then: Callable[[Any], None] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the next click counts."""
        return self._layer is not None

    def wait(self, layer: Labels, then: Callable[[Any], None]) -> None:
        """Call `then` with the position, in the viewer, of the next click."""
        self.cancel()
        self._mode = str(layer.mode)
        layer.mode = "pan_zoom"
        self._layer, self._then = layer, then
        layer.mouse_drag_callbacks.append(self._click)
        layer.events.mode.connect(self._on_mode)

    def cancel(self) -> None:
        """Wait no longer; the tool in hand is as before."""
        if self._layer is None:
            return
        layer, mode = self._release()
        if layer.editable:
            layer.mode = mode

    def _click(self, layer: Labels, event: Any) -> None:
        then, position = self._then, event.position
        self.cancel()
        if then is not None:
            then(position)

    def _on_mode(self, event: Any) -> None:
        # The reader has taken another tool, which stays in hand.
        self._release()

    def _release(self) -> tuple[Any, str]:
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.events.mode.disconnect(self._on_mode)
            layer.mouse_drag_callbacks.remove(self._click)
        self.ended.emit()
        return layer, self._mode
