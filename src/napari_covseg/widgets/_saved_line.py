"""A line that says what was saved, with a button that opens its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SavedLine"]


class SavedLine(QWidget):
    """Hidden until something was saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self.words = wrapped_label("saved")
        self.button = QPushButton("Show in folder")
        self.button.setToolTip("Open the folder that the file lies in.")
        self.button.clicked.connect(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.words)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def say(self, sentence: str, folder: Path) -> None:
        """Tell what was saved, and where."""
        self._folder = folder
        self.words.setText(sentence)
        self.words.setToolTip(str(folder))
        self.show()

    def _open(self) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
