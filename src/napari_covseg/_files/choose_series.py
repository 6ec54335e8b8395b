"""Ask which of several CT series to open; no patient data is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QMainWindow,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SeriesDialog", "choose_series"]

_COLUMNS = ("Kind", "Description", "Slices", "Voxel in mm")
_WIDTH, _HEIGHT = 560, 300


class SeriesDialog(QDialog):
    """A table of series, one of which can be opened.

    Parameters
    ----------
    series : sequence of SeriesSummary
        What there is, see `covseg_core.io.dicom`.
    parent : QWidget, optional
        Window that the dialog stands before.
    """

    def __init__(self, series: Sequence[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series = tuple(series)
        self.setWindowTitle("Choose a series")
        self.resize(_WIDTH, _HEIGHT)
        self.table = _table(self._series)
        self.table.itemDoubleClicked.connect(self.accept)
        buttons = QDialogButtonBox()
        buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(QLabel("There are several CT series. Which one to open?"))
        column.addWidget(self.table)
        column.addWidget(buttons)

    @property
    def series_uid(self) -> str:
        """(0020,000E) *Series Instance UID* of the chosen row."""
        return str(self._series[self.table.currentRow()].series_uid)


def choose_series(series: tuple[object, ...]) -> str | None:
    """Ask the user; None if the dialog was cancelled."""
    dialog = SeriesDialog(series, _main_window())
    return dialog.series_uid if dialog.exec() else None


def _main_window() -> QWidget | None:
    """Find napari's window; a folder dropped on it may come from an active other."""
    windows = QApplication.topLevelWidgets()
    shown = (each for each in windows if isinstance(each, QMainWindow))
    return next((each for each in shown if each.isVisible()), None)


def _table(series: Sequence[Any]) -> QTableWidget:
    table = QTableWidget(len(series), len(_COLUMNS))
    table.setHorizontalHeaderLabels(_COLUMNS)
    table.setStyleSheet("QTableWidget::item, QHeaderView::section { padding: 4px; }")
    table.verticalHeader().hide()
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    for row, each in enumerate(series):
        for column, text in enumerate(_words(each)):
            item = QTableWidgetItem(text)
            if column >= _COLUMNS.index("Slices"):
                item.setTextAlignment(
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
            table.setItem(row, column, item)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    table.selectRow(0)
    return table


def _words(series: Any) -> tuple[str, ...]:
    spacing = " × ".join(f"{step:.3g}" for step in series.spacing_mm_zyx)
    return series.modality, series.description, str(series.slices), spacing
