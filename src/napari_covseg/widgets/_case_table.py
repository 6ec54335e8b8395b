"""The cases of a store as a table, with a dot in the colour of each state."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_covseg._screen.style import ACCENT, FAINT, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.cases.record import CaseRecord, MaskVersion

__all__ = ["CaseTable"]

_COLUMNS = ("Case", "State", "Mask", "Sure", "Split", "Comment")
_TIPS = (
    "Name of the case in its store.",
    "How far the case is.",
    "Number of the newest mask, and who made it.",
    "How sure the model was of its mask, from 0 to 1.",
    "What the case is for in training; it never changes.",
    "What a reader said of the case.",
)
_STATE_COLOURS = {
    "new": FAINT,
    "in progress": ACCENT,
    "done": "#00a077",
    "flagged": WARNING,
}
_DOT_PX = 10
_ROW_PX = 24
_SHOWN_ROWS = 7
_MEASURED_ROWS = 50
"""To fit the columns; all of a long list would take long."""
_NOWHERE = QModelIndex()
_Role = Qt.ItemDataRole


class _Cases(QAbstractTableModel):
    """Rows of cases; a thousand of them cost no widgets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: tuple[CaseRecord, ...] = ()

    def show(self, records: Sequence[CaseRecord]) -> None:
        self.beginResetModel()
        self.records = tuple(records)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        record, column = self.records[index.row()], index.column()
        if role == _Role.DisplayRole:
            return _words(record)[column]
        if role == _Role.ToolTipRole:
            return _tip(record)
        if role == _Role.DecorationRole and _COLUMNS[column] == "State":
            return _dot(_STATE_COLOURS[record.state])
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = _Role.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        texts = {_Role.DisplayRole: _COLUMNS, _Role.ToolTipRole: _TIPS}
        return texts[role][section] if role in texts else None


class CaseTable(QTableView):
    """Shows cases; Enter or a double click asks to open one.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the table.

    Attributes
    ----------
    wanted : Signal
        Sends the id of the case to open.
    """

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cases = _Cases()
        self.setModel(self._cases)
        self.setToolTip("Enter or a double click opens a case.")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(_MEASURED_ROWS)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self.setStyleSheet("QTableView::item, QHeaderView::section { padding: 3px; }")
        self.setFixedHeight(_ROW_PX * (_SHOWN_ROWS + 1))
        self.doubleClicked.connect(self._want)

    @property
    def case_ids(self) -> tuple[str, ...]:
        """Ids of the rows, from the top."""
        return tuple(record.case_id for record in self._cases.records)

    @property
    def chosen(self) -> str | None:
        """Id of the selected row."""
        rows = self.selectionModel().selectedRows()
        return self.case_ids[rows[0].row()] if rows else None

    def show_cases(self, records: Sequence[CaseRecord]) -> None:
        """Show cases from the top; a selected one stays selected."""
        chosen = self.chosen
        self._cases.show(records)
        self.choose(chosen)

    def choose(self, case_id: str | None) -> None:
        """Select a case, if it is shown."""
        if case_id in self.case_ids:
            self.selectRow(self.case_ids.index(case_id))

    def words(self, row: int) -> tuple[str, ...]:
        """Give the texts of a row."""
        return _words(self._cases.records[row])

    def keyPressEvent(self, event: Any) -> None:
        """Open on Enter; the table's own behaviour differs between systems."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._want()
        else:
            super().keyPressEvent(event)

    def _want(self) -> None:
        if self.chosen is not None:
            self.wanted.emit(self.chosen)


def _words(record: CaseRecord) -> tuple[str, ...]:
    newest = record.newest()
    sure = None if newest is None else newest.confidence
    return (
        record.case_id,
        record.state,
        "none" if newest is None else f"{newest.number} {newest.source}",
        "" if sure is None else f"{sure:.2f}",
        record.split,
        record.comment,
    )


def _tip(record: CaseRecord) -> str:
    newest = record.newest()
    mask = "no mask yet" if newest is None else f"mask {_by_whom(newest)}"
    lines = (f"{record.case_id}: {record.state}, {mask}", record.comment)
    return "\n".join(line for line in lines if line)


def _by_whom(version: MaskVersion) -> str:
    who = version.role or version.model or ""
    when = version.created_utc.replace("T", " ").removesuffix("+00:00")
    facts = (f"{version.number} {version.source}", who, f"{when} UTC" if when else "")
    return ", ".join(fact for fact in facts if fact)


@cache
def _dot(colour: str) -> QIcon:
    pixmap = QPixmap(_DOT_PX, _DOT_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(1, 1, _DOT_PX - 2, _DOT_PX - 2)
    painter.end()
    return QIcon(pixmap)
