"""Ask what becomes of corrections before another case is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton, QWidget

__all__ = ["DISCARD", "SAVE", "STAY", "UnsavedDialog"]

SAVE, DISCARD, STAY = "save", "discard", "stay"
_WIDTH_PX = 380


class UnsavedDialog(QDialog):
    """Offers to save, to discard or to stay; staying is what Escape does.

    Parameters
    ----------
    case_id : str
        The case whose corrections are not saved.
    parent : QWidget, optional
        Window that the dialog stands before.

    Attributes
    ----------
    chosen : Signal
        Sends `SAVE`, `DISCARD` or `STAY`, once.
    """

    chosen = Signal(str)

    def __init__(self, case_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answer = STAY
        self.setWindowTitle("Corrections are not saved")
        words = QLabel(f"The mask of {case_id} has corrections that are not saved.")
        words.setWordWrap(True)
        self._buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self.save = self._add("Save version", SAVE, roles.AcceptRole)
        self.discard = self._add("Discard", DISCARD, roles.DestructiveRole)
        self.stay = self._add("Stay", STAY, roles.RejectRole)
        self.save.setToolTip("Save as a new version, then open the other case.")
        self.discard.setToolTip("Open the other case; these corrections are lost.")
        self.stay.setToolTip("Go on correcting this case.")
        self.save.setDefault(True)
        self.setMinimumWidth(_WIDTH_PX)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(self._buttons)
        self.finished.connect(self._tell)

    def _add(
        self, caption: str, answer: str, role: QDialogButtonBox.ButtonRole
    ) -> QPushButton:
        button = self._buttons.addButton(caption, role)
        button.clicked.connect(lambda: self._close(answer))
        return button

    def _close(self, answer: str) -> None:
        self._answer = answer
        self.accept()

    def _tell(self) -> None:
        self.chosen.emit(self._answer)
