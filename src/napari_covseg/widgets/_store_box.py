"""Choose the folder of cases that models learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from covseg_core.errors import CovsegError
from napari_covseg._screen.remembered import CASES, remember, remembered

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from covseg_core.cases.store import CaseStore

__all__ = ["StoreBox"]

_TIP = "The folder of cases that models learn from; several readers may share one."


class StoreBox(QWidget):
    """Names the folder of cases, which is remembered, and lets another be chosen.

    Attributes
    ----------
    changed : Signal
        Sent when another folder was chosen.
    refused : Signal
        Sends the sentence why a folder cannot be used.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store: CaseStore | None = None
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setPlaceholderText("No folder of cases yet")
        self.folder.setToolTip(_TIP)
        self.button = QPushButton("Choose …")
        self.button.setToolTip("Choose a folder of cases; an empty one becomes one.")
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.folder, 1)
        row.addWidget(self.button)
        self.recall()

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the folder that was chosen elsewhere meanwhile."""
        self.recall()
        super().showEvent(event)

    def choose(self, folder: Path) -> None:
        """Take a folder; a new or empty one becomes a store of cases."""
        from covseg_core.cases.store import CaseStore

        try:
            self._take(CaseStore.create(folder))
        except CovsegError as error:
            self.refused.emit(str(error))
            return
        remember(CASES, str(folder))

    def recall(self) -> None:
        """Take the folder that was used last, if it is there still."""
        known = remembered(CASES)
        if not known or (self.store is not None and str(self.store.root) == known):
            return
        from covseg_core.cases.store import CaseStore

        try:
            self._take(CaseStore(Path(known)))
        except CovsegError:
            # A disk that is not there today is no mistake of the reader.
            return

    def _take(self, store: CaseStore) -> None:
        self.store = store
        self.folder.setText(store.root.name)
        self.folder.setToolTip(f"{_TIP}\n{store.root}")
        self.changed.emit()

    def _ask(self) -> None:
        before = "" if self.store is None else str(self.store.root.parent)
        chosen = QFileDialog.getExistingDirectory(self, "Folder of cases", before)
        if chosen:
            self.choose(Path(chosen))
