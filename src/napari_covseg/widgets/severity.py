"""How much of each lung is infected, measured again after every correction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast
from weakref import WeakSet

from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError
from covseg_core.volume import LesionMask
from napari_covseg._files.export import export
from napari_covseg._files.export_wish import wish_of
from napari_covseg._processes.child import in_child
from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.once import once
from napari_covseg._session.editor import GROWING
from napari_covseg.widgets._lungs_box import LungsBox
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._score_map import ScoreMap
from napari_covseg.widgets._score_table import ScoreTable
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from covseg_core.severity.live import Severity
    from napari_covseg._files.export import ReportName
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["SeverityStep"]

_WAIT_MS = 600
_NO_SCAN = "Open a scan and outline infection on it first."
_NO_MASK = "Outline infection, or choose a mask, to see how much there is."
_NO_LUNGS = "Find the lungs to see shares of them."
_STALE = "Out of date; measuring …"
_RESEARCH = "For research use only. Infection outside the lungs joins the nearest one."
_KINDS = {
    "pdf": "PDF (*.pdf)",
    "html": "Web page (*.html)",
    "json": "JSON (*.json)",
    "csv": "CSV (*.csv)",
}
"""What the dialog calls each format."""


class SeverityStep(QWidget):
    """Shows a table and a map, faded as long as they are out of date.

    Parameters
    ----------
    session : Session
        Has scan, mask and lungs.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._latest = LatestRun(self)
        self._found: Severity | None = None
        self._is_wanted = False
        self._is_growing = False
        self._followed: WeakSet[MaskEditor] = WeakSet()
        self.lungs = LungsBox(session)
        self.waiting = WaitingLine("Stop; no report is written.")
        self.status = wrapped_label("faint")
        self.table = ScoreTable()
        self.map = ScoreMap()
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the table as text with tabs, for a report or sheet.")
        self.save = QPushButton("Save…")
        self.save.setToolTip(
            "Save the whole report with key images as PDF or web page, or its figures "
            "as JSON or CSV; no patient data in it."
        )
        self._timer = once(self, self._measure, _WAIT_MS)
        self._lay_out()
        self._connect()
        self._restart()

    @property
    def is_stale(self) -> bool:
        """Whether the figures are not those of the mask as it is now."""
        return self._latest.is_busy or self._is_wanted

    @property
    def found(self) -> Severity | None:
        """What was measured last; None if nothing was."""
        return self._found

    def paintEvent(self, event: QPaintEvent) -> None:
        """Measure what has changed while nobody could see it."""
        super().paintEvent(event)
        if self._is_wanted and not self._timer.isActive():
            self._timer.start()

    def save_as(self, path: Path, kind: str = "pdf") -> None:
        """Write the report in the format that the suffix names, else in that given."""
        if self.waiting.is_busy:
            return
        suffix = path.suffix.lower().removeprefix(".")
        if suffix in _KINDS:
            kind = suffix
        else:
            path = path.with_name(f"{path.name}.{kind}")
            # The dialog asked about the name without a suffix.
            if path.exists():
                told = f"{path.name} is there already; choose it to replace it."
                self.waiting.say(told, warning=True)
                return
        try:
            name = cast("ReportName", kind)
            wish = wish_of(self._session, path, "report", name)
        except CovsegError as error:
            self.waiting.say(Failed(error).sentence, warning=True)
            return
        run = Run(in_child, export, wish)
        self.waiting.follow(run, "Measuring")
        run.ended.connect(self._tell_saved)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.lungs, self.status, self.table, self.map):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addWidget(self.waiting)
        column.addWidget(wrapped_label("faint", _RESEARCH))

    def _connect(self) -> None:
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._ask_file)
        self._latest.ended.connect(self._end)
        self._session.scan_changed.connect(self._restart)
        self._session.lungs_changed.connect(self._restart)
        self._session.mask_changed.connect(self._follow_mask)

    def _follow_mask(self) -> None:
        editor = self._session.mask
        # The same editor comes back when its scan is chosen again.
        if editor is not None and editor not in self._followed:
            self._followed.add(editor)
            editor.edited.connect(self._age)
            editor.state_changed.connect(self._follow_growth)
        self._restart()

    def _follow_growth(self) -> None:
        """Measure a mask once it is whole, but not again when a slice is ticked."""
        if (self._missing() == GROWING) != self._is_growing:
            self._age()

    def _restart(self) -> None:
        """Begin anew with another scan, mask or lungs."""
        self._found = None
        self.table.clear_rows()
        self.map.show_report(None)
        self._age()

    def _age(self, change: object = None) -> None:
        """Measure a moment after the last of many edits."""
        missing = self._missing()
        self._is_growing = missing == GROWING
        self._say(missing or _STALE)
        self._show_age(is_stale=True)
        self._is_wanted = not missing
        self._timer.stop()
        # A folded step costs nothing; it measures when it is unfolded.
        if self._is_wanted and not self.visibleRegion().isEmpty():
            self._timer.start()

    def _missing(self) -> str:
        if self._session.scan is None:
            return _NO_SCAN
        if self._session.mask is None:
            return _NO_MASK
        if self._session.mask.is_growing:
            return GROWING
        return "" if self._session.lungs is not None else _NO_LUNGS

    def _measure(self) -> None:
        from covseg_core.severity.live import measure_severity

        self._is_wanted = False
        self._latest.stop()
        editor, lungs = self._session.mask, self._session.lungs
        if editor is None or lungs is None:
            return
        try:
            ct = self._session.ct()
            lesions = LesionMask(editor.labels, ct.grid, editor.label_set)
        except CovsegError as error:
            self._say(Failed(error).sentence)
            return
        lobes = self._session.lobes
        self._latest.start(Run(measure_severity, ct, lesions, lungs, lobes))

    def _end(self, outcome: Outcome) -> None:
        missing = self._missing()
        if isinstance(outcome, Finished) and not missing:
            self._found = outcome.value
            self.table.show_rows(outcome.value.rows)
            self.map.show_report(outcome.value.report)
        if not self.is_stale:
            self._say(outcome.sentence if isinstance(outcome, Failed) else missing)
            self._show_age(is_stale=self._found is None or bool(missing))

    def _say(self, sentence: str) -> None:
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def _show_age(self, *, is_stale: bool) -> None:
        self.table.setEnabled(not is_stale)
        self.map.map.show_stale(is_stale)
        for button in (self.copy, self.save):
            button.setEnabled(not is_stale)

    def _copy(self) -> None:
        from covseg_core.severity.table import as_text

        if self._found is not None and not self.waiting.is_busy:
            QApplication.clipboard().setText(as_text(self._found.rows))
            self.waiting.say("Copied.")

    def _ask_file(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(
            self, "Save the report", "severity.pdf", ";;".join(_KINDS.values())
        )
        if name:
            kinds = (kind for kind, words in _KINDS.items() if words == chosen)
            self.save_as(Path(name), next(kinds, "pdf"))

    def _tell_saved(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self.waiting.say(f"Saved {outcome.value.paths[0].name}.")
