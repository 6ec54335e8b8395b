"""Undo and redo, each naming the step that it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_covseg._tools.keys import SHORTCUTS, Shortcut
from napari_covseg.widgets._buttons import leave_the_keyboard

if TYPE_CHECKING:
    from napari_covseg._session.editor import MaskEditor

__all__ = ["UndoButtons"]


class UndoButtons(QWidget):
    """Takes steps of an editor back, and makes them again.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor: MaskEditor | None = None
        self.undo_button, self.redo_button = QPushButton(), QPushButton()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for button in (self.undo_button, self.redo_button):
            leave_the_keyboard(button)
            # The name of a step must not make the dock wider.
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            column.addWidget(button)
        self.undo_button.clicked.connect(lambda: self.undo())
        self.redo_button.clicked.connect(lambda: self.redo())
        self._show()

    def follow(self, editor: MaskEditor | None) -> None:
        """Serve another editor, or none."""
        if self._editor is not None:
            self._editor.edited.disconnect(self._show)
            self._editor.state_changed.disconnect(self._show)
        self._editor = editor
        if editor is not None:
            editor.edited.connect(self._show)
            editor.state_changed.connect(self._show)
        self._show()

    def undo(self) -> None:
        """Take back the last step."""
        if self._editor is not None:
            self._editor.undo()
            self._show()

    def redo(self) -> None:
        """Make again the step that was taken back."""
        if self._editor is not None:
            self._editor.redo()
            self._show()

    def _show(self, change: Any = None) -> None:
        editor = self._editor
        if editor is not None and editor.is_growing:
            editor = None
        undone = editor.undo_title if editor else None
        redone = editor.redo_title if editor else None
        _name(self.undo_button, SHORTCUTS["undo"], undone)
        _name(self.redo_button, SHORTCUTS["redo"], redone)


def _name(button: QPushButton, shortcut: Shortcut, step: str | None) -> None:
    title = f"{shortcut.title}: {step}" if step else shortcut.title
    button.setText(f"{title} ({shortcut.shown})")
    button.setToolTip(f"{shortcut.help}\nKey: {shortcut.shown}")
    button.setEnabled(step is not None)
