"""Choose the folder of cases that is worked on, or make a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_covseg._screen.remembered import CASES, remember, remembered

if TYPE_CHECKING:
    from covseg_core.cases.store import CaseStore

__all__ = ["StoreBar"]

_NONE = "No case store"


class StoreBar(QWidget):
    """Names the store and changes it; the choice is remembered.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the bar.

    Attributes
    ----------
    wanted : Signal
        Sends the folder, and whether it may become a new store.
    """

    wanted = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel(_NONE)
        self.open = QPushButton("Open…")
        self.open.setToolTip("Choose the folder of a case store.")
        self.make = QPushButton("New…")
        self.make.setToolTip("Make an empty folder a case store.")
        self.open.clicked.connect(lambda: self._ask(may_make=False))
        self.make.clicked.connect(lambda: self._ask(may_make=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.name, 1)
        row.addWidget(self.open)
        row.addWidget(self.make)

    @property
    def last(self) -> Path | None:
        """The store of the last time, if its folder is still there."""
        path = Path(remembered(CASES))
        return path if remembered(CASES) and path.is_dir() else None

    def show_store(self, store: CaseStore) -> None:
        """Name a store and remember it."""
        remember(CASES, str(store.root))
        self.name.setText(store.root.name)
        self.name.setToolTip(str(store.root))

    def _ask(self, *, may_make: bool) -> None:
        title = "An empty folder for cases" if may_make else "Folder of a case store"
        start = str(self.last.parent) if self.last else ""
        folder = QFileDialog.getExistingDirectory(self, title, start)
        if folder:
            self.wanted.emit(Path(folder), may_make)
