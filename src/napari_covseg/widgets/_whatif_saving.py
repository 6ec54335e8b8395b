"""Save what was imagined, and tell where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._whatif.save import save_whatif
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from napari_covseg._whatif.save import WhatIfWish

__all__ = ["SavingRow"]

_TIP = (
    "Write the synthetic images into a new folder; each file name and header says that "
    "they are synthetic."
)


class SavingRow(QWidget):
    """A button that asks where, and a line that tells how far it is.

    Attributes
    ----------
    chosen : Signal
        Sends the folder (Path) that the reader has chosen.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QPushButton("Save as NIfTI …")
        self.button.setToolTip(_TIP)
        self.button.clicked.connect(self._ask)
        self.waiting = WaitingLine("Stop writing; files that are whole stay.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button)
        column.addWidget(self.waiting)

    def write(self, folder: Path, wish: WhatIfWish) -> None:
        """Write the images into a new folder in `folder`."""
        run = Run(save_whatif, folder, wish)
        self.button.setEnabled(False)
        self.waiting.follow(run, "Saving")
        run.ended.connect(self._end)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where to save")
        if folder:
            self.chosen.emit(Path(folder))

    def _end(self, outcome: Outcome) -> None:
        self.button.setEnabled(True)
        if isinstance(outcome, Finished):
            count = sum(1 for _ in outcome.value.iterdir())
            self.waiting.say(f"Saved {count} files in the folder {outcome.value.name}.")
