"""The map of the lungs with a choice of the score that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_covseg.widgets._lung_map import LungMap
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from covseg_core.severity.report import SeverityReport

__all__ = ["ScoreMap"]

_COLUMNS = "On the map the front of each lung stands left of its back."


class ScoreMap(QWidget):
    """A box with the scores of a report above the lungs, and remarks below.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the map.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report: SeverityReport | None = None
        self.scores = QComboBox()
        self.scores.setToolTip("Choose the score whose regions the map shows.")
        self.map = LungMap()
        self.remarks = wrapped_label("faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.scores, self.map, self.remarks):
            column.addWidget(part)
        self.scores.currentIndexChanged.connect(self._draw)

    def show_report(self, report: SeverityReport | None) -> None:
        """List the scores there are, and keep to the one that was chosen."""
        chosen, self._report = self.scores.currentData(), report
        scores = () if report is None else report.scores
        with QSignalBlocker(self.scores):
            self.scores.clear()
            for one in scores:
                self.scores.addItem(f"Map: {one.definition.title}", one.definition.key)
            self.scores.setCurrentIndex(max(0, self.scores.findData(chosen)))
        self.scores.setVisible(bool(scores))
        self._draw()

    def _draw(self) -> None:
        key = self.scores.currentData()
        result = None if self._report is None else self._report.score(key)
        self.map.show_result(result)
        remarks = "" if result is None else " ".join(result.remarks)
        if self.map.has_columns:
            remarks += f" {_COLUMNS}"
        self.remarks.setText(remarks)
        self.remarks.setVisible(bool(remarks))
