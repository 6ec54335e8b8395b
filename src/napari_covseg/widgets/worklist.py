"""Read the cases of a store one after the other, and save what was corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.cases.worklist import NextCase, in_order, next_case, tally
from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._worklist.list_cases import list_cases
from napari_covseg._worklist.open_case import CaseWish
from napari_covseg._worklist.prefetch import Prefetch
from napari_covseg.widgets._case_desk import CaseDesk
from napari_covseg.widgets._case_filter import CaseFilterBar
from napari_covseg.widgets._case_table import CaseTable
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._store_bar import StoreBar
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.record import CaseRecord
    from covseg_core.cases.store import CaseStore
    from napari_covseg._session.session import Session

__all__ = ["WorklistStep"]

_BAR_PX = 6
_NO_STORE = "Open a case store, or make a new one, to read cases one after the other."
_ALL_DONE = "No other case is open."


class WorklistStep(QWidget):
    """Lists cases, opens the next one and tells why it is the next.

    Parameters
    ----------
    session : Session
        Gets the case that is opened.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store: CaseStore | None = None
        self._records: dict[str, CaseRecord] = {}
        self._skipped: set[str] = set()
        self._next: NextCase | None = None
        self.store_bar = StoreBar()
        self.filters = CaseFilterBar()
        self.table = CaseTable()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(_BAR_PX)
        self.done = wrapped_label("plain")
        self.next = _button("Next  Alt+N", "Alt+N", "Open the case that comes next.")
        self.next.setObjectName("primary")
        self.skip = _button(
            "Skip  Alt+K", "Alt+K", "Put off the case that comes next until the end."
        )
        self.reason = wrapped_label("faint")
        self.ahead = wrapped_label("warning")
        self.waiting = WaitingLine("Stop reading the list.")
        self.prefetch = Prefetch(self)
        self.desk = CaseDesk(session, self.prefetch)
        self._lay_out()
        self._connect()
        self._refresh()
        if self.store_bar.last is not None:
            self.open_store(self.store_bar.last)

    @property
    def next_case(self) -> NextCase | None:
        """The case that Next opens, and why."""
        return self._next

    def open_store(self, folder: Path, may_make: bool = False) -> None:
        """Read the list of a store; an empty folder may become one."""
        if not self.waiting.is_busy:
            run = Run(list_cases, folder, may_make)
            self.waiting.follow(run, "Reading the list")
            run.ended.connect(self._end_listing)

    def relist(self) -> None:
        """Read the list anew, as a case was added elsewhere."""
        folder = self._store.root if self._store else self.store_bar.last
        if folder is not None:
            self.open_store(folder)

    def _lay_out(self) -> None:
        moves = QHBoxLayout()
        moves.addWidget(self.next, 2)
        moves.addWidget(self.skip, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.store_bar)
        column.addWidget(self.waiting)
        column.addWidget(self.filters)
        column.addWidget(self.table)
        column.addWidget(self.done)
        column.addWidget(self.progress)
        column.addLayout(moves)
        for part in (self.reason, self.ahead, self.desk):
            column.addWidget(part)

    def _connect(self) -> None:
        self.store_bar.wanted.connect(self.open_store)
        self.filters.changed.connect(self._refresh)
        self.table.wanted.connect(self._open)
        self.next.clicked.connect(self._open_next)
        self.skip.clicked.connect(self._skip_next)
        self.desk.opened.connect(self._on_opened)
        self.desk.revised.connect(self._on_revised)
        self.desk.case_changed.connect(self._refresh)
        self.prefetch.failed.connect(self._tell_failed)

    def _end_listing(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Finished):
            return
        self._store, records = outcome.value
        self._records = {record.case_id: record for record in records}
        self._skipped.clear()
        self.store_bar.show_store(self._store)
        self.filters.offer_collections(records)
        self._refresh()

    def _refresh(self) -> None:
        """Show the list as filtered and ordered, and what comes next."""
        records = self._records.values()
        wanted = self.filters.wanted(self.desk.panel.own_role)
        order = self.filters.chosen_order
        shown = in_order(filter(wanted.keeps, records), order)
        counted = tally(records)
        self.table.show_cases(shown)
        hidden = "" if len(shown) == counted.total else f"; {len(shown)} shown"
        self.done.setText(f"{counted}{hidden}" if self._store else "")
        self.progress.setRange(0, max(1, counted.total))
        self.progress.setValue(counted.done)
        current = self.desk.case_id
        self._next = next_case(shown, current, order, self._skipped)
        self._show_next()

    def _show_next(self) -> None:
        chosen = self._next
        for button in (self.next, self.skip):
            button.setEnabled(chosen is not None)
        if chosen is not None:
            self.reason.setText(f"Next is {chosen.case_id}: {chosen.reason}.")
        else:
            self.reason.setText(_ALL_DONE if self._store else _NO_STORE)
        self._read_ahead()

    def _read_ahead(self) -> None:
        """Read the next case while one is corrected; never while one is opened."""
        self._warn("")
        if self._next is None or self.desk.case_id is None or self._store is None:
            self.prefetch.forget()
        elif not self.desk.is_opening:
            self.prefetch.want(CaseWish(self._store.root, self._next.case_id))

    def _tell_failed(self, case_id: str, sentence: str) -> None:
        self._warn(f"{case_id} could not be read ahead: {sentence}")

    def _warn(self, sentence: str) -> None:
        self.ahead.setText(sentence)
        self.ahead.setVisible(bool(sentence))

    def _open(self, case_id: str) -> None:
        if self._store is not None:
            self.desk.open(self._store, CaseWish(self._store.root, case_id))

    def _open_next(self) -> None:
        if self._next is not None:
            self._open(self._next.case_id)

    def _skip_next(self) -> None:
        if self._next is not None:
            self._skipped.add(self._next.case_id)
            self._refresh()

    def _on_opened(self, case_id: str) -> None:
        self._skipped.discard(case_id)
        self._refresh()
        self.table.choose(case_id)

    def _on_revised(self, record: Any) -> None:
        """Take in what was saved, without reading the whole list again."""
        if record.case_id in self._records:
            self._records[record.case_id] = record
            self._refresh()


def _button(caption: str, keys: str, tooltip: str) -> QPushButton:
    button = QPushButton(caption)
    button.setShortcut(keys)
    button.setToolTip(tooltip)
    return button
