"""What the chosen scan is: size, spacing, values and what to beware of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_covseg._files.read_scan import describe_scan
from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.rows import form_rows
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from covseg_core.reports.scan_facts import ScanFacts
    from covseg_core.volume import CTVolume

__all__ = ["ScanFactsView"]


class ScanFactsView(QWidget):
    """Rows of facts and sentences of notes, measured beside the window.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the view.

    Attributes
    ----------
    in_line_with : QLabel or None
        A title above or below; the facts begin where what belongs to it begins.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.in_line_with: QLabel | None = None
        self._latest = LatestRun(self)
        self._latest.ended.connect(self._end)
        self.values: dict[str, QLabel] = {}
        self._rows = form_rows()
        self.notes = wrapped_label("warning")
        self.notes.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows)
        column.addWidget(self.notes)

    @property
    def is_busy(self) -> bool:
        """Whether the scan is still being measured."""
        return self._latest.is_busy

    def show_scan(self, ct: CTVolume | None) -> None:
        """Measure a scan and show it; nothing without one."""
        self._latest.stop()
        self._clear()
        if ct is not None:
            self._latest.start(Run(describe_scan, ct))

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self._show(outcome.value)
        elif isinstance(outcome, Failed):
            self._say(outcome.sentence)

    def _show(self, facts: ScanFacts) -> None:
        for title, text in facts.rows:
            label = self.values[title] = wrapped_label("faint", text)
            heading = QLabel(title)
            heading.setObjectName("faint")
            if self.in_line_with is not None:
                heading.setMinimumWidth(self.in_line_with.sizeHint().width())
            self._rows.addRow(heading, label)
        self._say("\n".join(facts.notes))

    def _say(self, text: str) -> None:
        self.notes.setText(text)
        self.notes.setVisible(bool(text))

    def _clear(self) -> None:
        self.values.clear()
        while self._rows.rowCount():
            self._rows.removeRow(0)
        self._say("")
