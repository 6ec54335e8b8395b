"""A question with a button for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout

from napari_covseg._screen.style import widget_style

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["ChoiceDialog"]

_WIDTH_PX = 420
_ROLES = (
    QDialogButtonBox.ButtonRole.AcceptRole,
    QDialogButtonBox.ButtonRole.DestructiveRole,
    QDialogButtonBox.ButtonRole.RejectRole,
)


class ChoiceDialog(QDialog):
    """Asks what becomes of something; Escape gives the last answer.

    Parameters
    ----------
    title : str
        Of the window.
    words : str
        The question.
    choices : tuple of three (str, str, str)
        Answer, caption and tooltip: to keep, to lose, and to go back.
    parent : QWidget, optional
        Window that the dialog stands before.

    Attributes
    ----------
    chosen : Signal
        Sends the answer, once.
    """

    chosen = Signal(str)

    def __init__(
        self,
        title: str,
        words: str,
        choices: tuple[tuple[str, str, str], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.answer = choices[-1][0]
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH_PX)
        label = QLabel(words)
        label.setWordWrap(True)
        self.buttons = [self._button(*choice) for choice in choices]
        row = QDialogButtonBox()
        for button, role in zip(self.buttons, _ROLES, strict=True):
            row.addButton(button, role)
        self.buttons[0].setDefault(True)
        self.buttons[0].setObjectName("primary")
        self.setStyleSheet(widget_style())
        column = QVBoxLayout(self)
        column.addWidget(label)
        column.addWidget(row)
        self.finished.connect(lambda: self.chosen.emit(self.answer))

    def _button(self, answer: str, caption: str, tooltip: str) -> QPushButton:
        button = QPushButton(caption)
        button.setToolTip(tooltip)
        button.clicked.connect(lambda: self._close(answer))
        return button

    def _close(self, answer: str) -> None:
        self.answer = answer
        self.accept()
