"""How the mask is seen: area or outline, as it is or as it was, how solid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from napari_covseg._session.before import Before
from napari_covseg.widgets._buttons import key_button, leave_the_keyboard

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_covseg._session.editor import MaskEditor

__all__ = ["MaskView"]

_OUTLINE_PX = 1
_HELP = "How solid the mask lies over the scan."


class MaskView(QWidget):
    """Shows a mask in other ways, and changes nothing of it.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Shows the mask.
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._editor: MaskEditor | None = None
        self._before: Before | None = None
        self.outline_button = key_button("outline", checkable=True)
        self.compare_button = key_button("compare", checkable=True)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip(_HELP)
        leave_the_keyboard(self.opacity)
        label = QLabel("Opacity")
        label.setToolTip(_HELP)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.outline_button, 0, 0)
        grid.addWidget(self.compare_button, 0, 1)
        grid.addWidget(label, 1, 0)
        grid.addWidget(self.opacity, 1, 1)
        self.outline_button.clicked.connect(lambda: self.toggle_outline())
        self.compare_button.clicked.connect(lambda: self.toggle_before())
        self.opacity.valueChanged.connect(self._set_opacity)

    def follow(self, editor: MaskEditor | None) -> None:
        """Serve another mask, or none."""
        self.end()
        if self._editor is not None:
            for event in self._events(self._editor):
                event.disconnect(self._show)
        self._editor = editor
        self._before = None
        if editor is not None:
            self._before = Before(self._viewer, editor, self)
            self._before.changed.connect(self._show)
            for event in self._events(editor):
                event.connect(self._show)
        self._show()

    def end(self) -> None:
        """Show the mask as it is."""
        if self._before is not None:
            self._before.hide()

    def toggle_outline(self) -> None:
        """Show the outline instead of the area, or the area again."""
        if self._editor is not None:
            layer = self._editor.layer
            layer.contour = 0 if layer.contour else _OUTLINE_PX
            self._show()

    def toggle_before(self) -> None:
        """Show the mask as it was when it was opened, or as it is again."""
        if self._before is None:
            return
        if self._before.is_shown:
            self._before.hide()
        else:
            self._before.show()

    def _set_opacity(self, percent: int) -> None:
        if self._editor is not None:
            self._editor.layer.opacity = percent / 100

    def _show(self, event: Any = None) -> None:
        editor, before = self._editor, self._before
        self.setEnabled(editor is not None)
        if editor is None or before is None:
            return
        self.outline_button.setChecked(editor.layer.contour > 0)
        self.compare_button.setChecked(before.is_shown)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(100 * editor.layer.opacity))

    @staticmethod
    def _events(editor: MaskEditor) -> tuple[Any, Any]:
        return editor.layer.events.contour, editor.layer.events.opacity
