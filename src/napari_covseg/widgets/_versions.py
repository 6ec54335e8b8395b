"""Every mask of a case: who made it and when, how large, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Run

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.cases.record import CaseRecord, MaskVersion

__all__ = ["VersionsView"]

_COLUMNS = ("Mask", "By", "When (UTC)", "ml")
_ML = _COLUMNS.index("ml")
_ROW_PX = 24
_SHOWN_ROWS = 4
_DAY_TO_MINUTE = slice(5, 16)


class VersionsView(QWidget):
    """Lists versions, the newest first; opens one or shows what it differs in.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the view.

    Attributes
    ----------
    wanted : Signal
        Sends the number of a version to open.
    compared : Signal
        Sends the number of a version to compare with the mask in front; None to
        take the comparison away.
    """

    wanted = Signal(int)
    compared = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._latest = LatestRun(self)
        self._latest.advanced.connect(self._show_volume)
        self._numbers: list[int] = []
        self._volumes: dict[str, str] = {}
        self._names: dict[int, str] = {}
        self.table = _table()
        self.open = QPushButton("Open mask")
        self.open.setToolTip("Go on from the selected mask; no other one is lost.")
        self.compare = QPushButton("Show changes")
        self.compare.setCheckable(True)
        self.compare.setToolTip(
            "Show what the mask in front has gained (blue) and lost (pink) since the "
            "selected one; a second click takes it away."
        )
        row = QHBoxLayout()
        row.addWidget(self.open)
        row.addWidget(self.compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addLayout(row)
        self.open.clicked.connect(self._want)
        self.table.itemDoubleClicked.connect(self._want)
        self.compare.toggled.connect(self._compare)
        self.table.itemSelectionChanged.connect(self._compare_again)
        self.show_record(None, None)

    @property
    def chosen(self) -> int | None:
        """Number of the selected version."""
        row = self.table.currentRow()
        return self._numbers[row] if 0 <= row < len(self._numbers) else None

    def choose(self, number: int) -> None:
        """Select a version."""
        self.table.selectRow(self._numbers.index(number))

    def show_record(self, record: CaseRecord | None, root: Path | None) -> None:
        """List the masks of a case; volumes are measured beside the window."""
        self.end_comparison()
        versions = () if record is None else record.versions[::-1]
        self._numbers = [version.number for version in versions]
        self._names = {version.number: version.sha256 for version in versions}
        self.table.setRowCount(0)
        self.table.setRowCount(len(versions))
        for row, version in enumerate(versions):
            self._fill(row, version)
        for button in (self.open, self.compare):
            button.setEnabled(bool(versions))
        if versions:
            self.table.selectRow(0)
        if record is not None and root is not None:
            self._measure(root, record)

    def end_comparison(self) -> None:
        """Take the comparison away."""
        self.compare.setChecked(False)

    def _fill(self, row: int, version: MaskVersion) -> None:
        texts = (
            f"{version.number} {version.source}",
            _by_whom(version),
            version.created_utc.replace("T", " ")[_DAY_TO_MINUTE],
            self._volumes.get(version.sha256, "…"),
        )
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(_told(version))
            self.table.setItem(row, column, item)

    def _measure(self, root: Path, record: CaseRecord) -> None:
        self._latest.stop()
        if not self._are_measured:
            self._latest.start(Run(_volumes, root, record.case_id))

    @property
    def _are_measured(self) -> bool:
        return all(name in self._volumes for name in self._names.values())

    def _show_volume(self, found: tuple[int, float]) -> None:
        number, volume_ml = found
        if number not in self._numbers:
            return
        text = self._volumes[self._names[number]] = f"{volume_ml:.1f}"
        self.table.item(self._numbers.index(number), _ML).setText(text)
        if self._are_measured:
            self._latest.stop()

    def _want(self, item: Any = None) -> None:
        if self.chosen is not None:
            self.wanted.emit(self.chosen)

    def _compare(self, is_on: bool) -> None:
        self.compared.emit(self.chosen if is_on else None)

    def _compare_again(self) -> None:
        if self.compare.isChecked():
            self.compared.emit(self.chosen)


def _volumes(root: Path, case_id: str) -> Generator[tuple[int, float], None, None]:
    from covseg_core.cases.opening import volumes_of_versions
    from covseg_core.cases.reading import CaseReader

    return (yield from volumes_of_versions(CaseReader(root), case_id))


def _by_whom(version: MaskVersion) -> str:
    if version.source == "model":
        return version.model or "model"
    return version.role or "reader"


def _told(version: MaskVersion) -> str:
    origin = "" if version.parent is None else f"made from mask {version.parent}"
    beside = ", ".join(map(str, version.beside))
    lines = (
        f"Mask {version.number}, {version.source}, {version.created_utc}",
        origin,
        f"kept beside mask {beside}, saved by someone else meanwhile" if beside else "",
        f"model {version.model}" if version.model else "",
        f"{version.seconds_spent:.0f} s of work" if version.seconds_spent else "",
        version.note,
    )
    return "\n".join(line for line in lines if line)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setHorizontalHeaderLabels(_COLUMNS)
    table.setToolTip("The masks of this case, the newest first; none is ever replaced.")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW_PX)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(_COLUMNS.index("By"), QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    table.setStyleSheet("QTableWidget::item, QHeaderView::section { padding: 3px; }")
    table.setFixedHeight(_ROW_PX * (_SHOWN_ROWS + 1))
    return table
