"""A table of scores: one row each, with right lung, left lung and both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.severity.table import ScoreRow

__all__ = ["ScoreTable"]

_COLUMNS = ("", "Right", "Left", "Both")
_ROW_PX = 24
_MARGIN_PX = 4


class ScoreTable(QTableWidget):
    """As high as its rows; right and left are the patient's.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the table.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_COLUMNS), parent)
        self.setHorizontalHeaderLabels(_COLUMNS)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setToolTip("Right and left are the patient's.")
        self.setStyleSheet("QTableWidget::item, QHeaderView::section { padding: 2px; }")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.clear_rows()

    def show_rows(self, rows: Sequence[ScoreRow]) -> None:
        """Show scores."""
        self.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._put(place, 0, row.title, row.score.help)
            for column, text in enumerate(row.words, 1):
                self._put(place, column, text, row.score.help)
        self._fit()

    def clear_rows(self) -> None:
        """Show nothing."""
        self.setRowCount(0)
        self._fit()

    def _put(self, row: int, column: int, text: str, tooltip: str) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(tooltip)
        if column:
            item.setTextAlignment(
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
        self.setItem(row, column, item)

    def _fit(self) -> None:
        rows = self.rowCount()
        self.setVisible(rows > 0)
        self.setFixedHeight(_ROW_PX * (rows + 1) + _MARGIN_PX)
