"""Show a mask as it was when it was opened, in place of the mask as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_covseg._layer_styles import MaskStyle, place_like
from napari_covseg._screen.removal import remove_soon

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

    from napari_covseg._session.editor import MaskEditor

__all__ = ["Before"]


class Before(QObject):
    """Swaps what is seen of one mask; the mask itself stays what it is.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Shows the mask.
    editor : MaskEditor
        Of the mask.
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    changed : Signal
        Sent when the one or the other is seen.
    """

    changed = Signal()

    def __init__(
        self, viewer: Viewer, editor: MaskEditor, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer, self._editor = viewer, editor
        self._layer: Labels | None = None
        self._was_visible = True

    @property
    def is_shown(self) -> bool:
        """Whether the mask is seen as it was."""
        return self._layer is not None

    def show(self) -> None:
        """Show the mask as it was; nobody can paint meanwhile."""
        if self.is_shown:
            return
        mask, editor = self._editor.layer, self._editor
        editor.commit()
        self._was_visible = mask.visible
        self._layer = self._viewer.add_labels(
            editor.opened_labels(),
            name=f"{mask.name} as opened",
            **place_like(mask),
            **MaskStyle(editor.label_set, mask.opacity).as_kwargs(),
        )
        self._layer.contour = mask.contour
        self._layer.editable = False
        editor.lock("look")
        mask.visible = False
        # Its keys, of which one leads back, work only while it is active.
        self._viewer.layers.selection.active = mask
        self._viewer.layers.events.removed.connect(self._on_removed)
        editor.edited.connect(self.hide)
        self.changed.emit()

    def hide(self, change: object = None) -> None:
        """Show the mask as it is, just as it was shown before."""
        if self._layer is None:
            return
        layer, self._layer = self._layer, None
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._editor.edited.disconnect(self.hide)
        remove_soon(self._viewer, layer)
        self._editor.layer.visible = self._was_visible
        self._editor.unlock("look")
        if self._editor.layer in self._viewer.layers:
            self._viewer.layers.selection.active = self._editor.layer
        self.changed.emit()

    def _on_removed(self, event: object) -> None:
        if self._layer not in self._viewer.layers:
            self.hide()
