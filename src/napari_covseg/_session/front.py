"""Show the scan in front and its masks, and none but these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_covseg._screen.once import once
from napari_covseg._screen.slices import bring_into_view

if TYPE_CHECKING:
    from napari_covseg._session.session import Session

__all__ = ["Front"]


class Front(QObject):
    """Follows the scan of a session.

    Parameters
    ----------
    session : Session
        Owns this object.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        # Not at once: napari may be in the midst of adding or removing layers.
        self._lowering = once(self, self._lay_under_masks)
        session.scan_changed.connect(self._show_alone)
        session.scan_changed.connect(self._lowering.start)

    def close(self) -> None:
        """Move no layer any more."""
        self._lowering.stop()

    def _show_alone(self) -> None:
        """Hide other scans and their masks: two chests on each other mislead."""
        session = self._session
        if session.scan is None:
            return
        session.scan.visible = True
        bring_into_view(session.viewer, session.scan)
        if session.mask is not None:
            session.mask.layer.visible = True
        for layer in session.viewer.layers:
            if layer is not session.scan and session.is_foreign(layer):
                layer.visible = False

    def _lay_under_masks(self) -> None:
        """Lay the scan below its masks, which it hides if it was opened after them."""
        layers = self._session.viewer.layers
        if self._session.scan in layers:
            place = layers.index(self._session.scan)
            masks = map(layers.index, self._session.masks_here())
            layers.move(place, min([place, *masks]))
