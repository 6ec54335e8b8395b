"""Offer to go on with a training that was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QPushButton, QWidget

from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.learn.unfinished import UnfinishedRun

__all__ = ["UnfinishedBox"]


class UnfinishedBox(QWidget):
    """Lists stopped trainings; hidden while there is none.

    Attributes
    ----------
    resumed, discarded : Signal
        Send the name of a run that shall go on, or be forgotten.
    """

    resumed = Signal(str)
    discarded = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self.runs = QComboBox()
        self.runs.setMinimumContentsLength(12)
        self.runs.setToolTip("Trainings that were stopped before their end.")
        self.resume = QPushButton("Resume")
        self.resume.setToolTip("Go on where it stopped, as it was begun.")
        self.discard = QPushButton("Discard")
        self.discard.setToolTip("Forget this training and all that it has learnt.")
        self.resume.clicked.connect(lambda: self.resumed.emit(self.chosen))
        self.discard.clicked.connect(lambda: self.discarded.emit(self.chosen))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        words = wrapped_label("", "A training was stopped and can go on:")
        grid.addWidget(words, 0, 0, 1, 2)
        grid.addWidget(self.runs, 1, 0, 1, 2)
        grid.addWidget(self.resume, 2, 0)
        grid.addWidget(self.discard, 2, 1)
        self.hide()

    @property
    def chosen(self) -> str:
        """Name of the chosen run, empty if there is none."""
        index = self.runs.currentIndex()
        return self._names[index] if 0 <= index < len(self._names) else ""

    def show_runs(self, runs: Sequence[UnfinishedRun]) -> None:
        """List runs; the chosen one stays chosen."""
        before = self.chosen
        self._names = [run.name for run in runs]
        self.runs.clear()
        for run in runs:
            self.runs.addItem(f"{run.name} (epoch {run.epoch} of {run.epochs})")
        if before in self._names:
            self.runs.setCurrentIndex(self._names.index(before))
        self.setVisible(bool(runs))
