"""Before and after on the held-out cases, and which model is used from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
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

from covseg_core.errors import ModelRefusedError
from covseg_core.registry.promotion import standing
from napari_covseg._processes.covseg_process import CovsegProcess
from napari_covseg._screen.style import restyle
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from napari_covseg._processes.covseg_process import Ended

__all__ = ["Verdict"]

_COLUMNS = ("Case", "Before", "After", "True ml", "Found ml")
_TIPS = (
    "A case that no model has learnt from.",
    "Dice of the parent: 1 is perfect, 0 is none of it.",
    "Dice of the new model: 1 is perfect, 0 is none of it.",
    "Infection in the reader's mask.",
    "Infection that the new model finds.",
)
_ROW_PX, _MOST_ROWS = 22, 8


class Verdict(QWidget):
    """The scores of a new model beside its parent's, and buttons to choose.

    Attributes
    ----------
    changed : Signal
        Sent when another model is used from now on.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ""
        self._process: CovsegProcess | None = None
        self.words = wrapped_label("")
        self.table = _table()
        self.standing = wrapped_label("faint")
        self.promote = QPushButton("Promote")
        self.promote.clicked.connect(self._promote)
        self.rollback = QPushButton("Roll back")
        self.rollback.setToolTip(
            "Use the model again that was used before, if there was another."
        )
        self.rollback.clicked.connect(lambda: self._run("rollback"))
        buttons = QHBoxLayout()
        for button in (self.promote, self.rollback):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.words, self.table, self.standing):
            column.addWidget(part)
        column.addLayout(buttons)
        self.words.hide()
        self.table.hide()
        self.refresh()

    def show_outcome(self, outcome: dict[str, Any]) -> None:
        """Show what came of a training, see `learn.learn.Outcome.as_dict`."""
        self._model = str(outcome["model"])
        self.words.setText(_told(outcome))
        restyle(self.words, "warning" if outcome["worse"] else "")
        self.words.show()
        held_out = outcome["held_out"]
        self.table.setVisible(held_out is not None)
        if held_out is not None:
            _fill(self.table, held_out)
        self.refresh()

    def refresh(self) -> None:
        """Name the model that is used, and offer what can be done."""
        try:
            now = standing()
        except ModelRefusedError as error:
            self.standing.setText(str(error))
            return
        used, notes = now.name, now.passed_over
        self.standing.setText(" ".join((f"Used by default: {used}.", *notes)))
        # There is nothing to promote before a training, or when it was promoted.
        self.promote.setEnabled(self._model not in ("", used) and not self._process)
        self.promote.setToolTip(
            f"Use {self._model} by default from now on."
            if self._model
            else "Use the newly trained model by default; train one first."
        )
        self.rollback.setEnabled(self._process is None)

    def _promote(self) -> None:
        self._run("promote", self._model)

    def _run(self, *words: str) -> None:
        self._process = CovsegProcess("models", *words)
        self._process.ended.connect(self._end)
        self.refresh()
        self.standing.setText("Checking the model …")
        self._process.start()

    def _end(self, end: Ended) -> None:
        self._process = None
        self.refresh()
        if end.is_done:
            self.changed.emit()
        else:
            self.standing.setText(end.sentence)


def _told(outcome: dict[str, Any]) -> str:
    state = "is used from now on" if outcome["promoted"] else "is kept, but not used"
    told = f"{outcome['model']} {state}: {outcome['reason']}"
    held_out = outcome["held_out"]
    dice = None if held_out is None else held_out["dice"]
    if dice is None or dice["difference"] is None:
        return told
    told += (
        f" Mean Dice {dice['mean_before']:.3f} before, {dice['mean_after']:.3f} after, "
        f"difference {dice['difference']:+.3f}"
    )
    if dice["low"] is None:
        return f"{told}."
    return f"{told} (95 % {dice['low']:+.3f} to {dice['high']:+.3f})."


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setHorizontalHeaderLabels(_COLUMNS)
    for column, tip in enumerate(_TIPS):
        table.horizontalHeaderItem(column).setToolTip(tip)
    table.setToolTip("Dice and volumes of the held-out cases, before and after.")
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW_PX)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table


def _fill(table: QTableWidget, held_out: dict[str, Any]) -> None:
    rows = held_out["cases"]
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        cells = (
            row["case_id"],
            _number(row["before"], 3),
            _number(row["after"], 3),
            _number(row["true_ml"], 1),
            _number(row["after_ml"], 1),
        )
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            if column:
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                item.setTextAlignment(right)
            table.setItem(number, column, item)
    shown = min(len(rows), _MOST_ROWS)
    table.setFixedHeight(_ROW_PX * shown + table.horizontalHeader().height() + 8)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
