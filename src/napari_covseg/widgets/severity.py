"""How much of each lung is infected, measured again after every correction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError
from covseg_core.io.atomic import write_json, write_text
from covseg_core.labels import LUNGS
from covseg_core.volume import LesionMask
from napari_covseg._convert import mask_layer
from napari_covseg._processes.child import in_child
from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg.widgets._lung_map import LungMap
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._score_table import ScoreTable
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from qtpy.QtGui import QPaintEvent

    from covseg_core.severity.live import Severity
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["SeverityStep"]

_WAIT_MS = 600
_NO_SCAN = "Open a scan and outline infection on it first."
_NO_MASK = "Outline infection, or choose a mask, to see how much there is."
_NO_LUNGS = "Find the lungs to see shares of them."
_STALE = "Out of date; measuring …"
_THIRDS = "Infected share of thirds of each lung by height; they are not lobes."
_RESEARCH = "For research use only. Infection outside the lungs joins the nearest one."
_SUFFIXES = "JSON (*.json);;CSV (*.csv)"


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
        self._searched: Image | None = None
        self._layer: Labels | None = None
        self._followed: WeakSet[MaskEditor] = WeakSet()
        self.find_lungs = QPushButton("Find the lungs")
        self.find_lungs.setObjectName("primary")
        self.find_lungs.setToolTip("Find both lungs on the scan, by their air.")
        self.show_lungs = QCheckBox("Show the lungs")
        self.show_lungs.setToolTip("Show both lungs in colour on the scan.")
        self.waiting = WaitingLine("Stop; no lungs are kept.")
        self.status = wrapped_label("faint")
        self.table = ScoreTable()
        self.map = LungMap()
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the table as text with tabs, for a report or sheet.")
        self.save = QPushButton("Save…")
        self.save.setToolTip("Save all figures as JSON or CSV; no patient data in it.")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
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

    def save_as(self, path: Path) -> None:
        """Write all figures: CSV for a file of that name, else JSON.

        Raises
        ------
        OutputError
            If the file could not be written; an old one is untouched.
        """
        from covseg_core.severity.table import as_csv

        if self._found is None:
            return
        if path.suffix.lower() == ".csv":
            write_text(path, as_csv(self._found.rows))
        else:
            write_json(path, self._found.as_dict())

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.find_lungs, self.waiting, self.status, self.table):
            column.addWidget(part)
        column.addWidget(self.map)
        column.addWidget(wrapped_label("faint", _THIRDS))
        column.addWidget(self.show_lungs)
        column.addLayout(buttons)
        column.addWidget(wrapped_label("faint", _RESEARCH))

    def _connect(self) -> None:
        self.find_lungs.clicked.connect(self._find)
        self.show_lungs.toggled.connect(self._show_layer)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._ask_file)
        self._timer.timeout.connect(self._measure)
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
        self._restart()

    def _restart(self) -> None:
        """Begin anew with another scan, mask or lungs."""
        self._found = None
        self.table.clear_rows()
        self.map.show_shares(())
        has_lungs = self._session.lungs is not None
        self.find_lungs.setVisible(not has_lungs)
        self.find_lungs.setEnabled(self._session.scan is not None)
        self.show_lungs.setVisible(has_lungs)
        self.show_lungs.setChecked(False)
        self._age()

    def _age(self, change: object = None) -> None:
        """Measure a moment after the last of many edits."""
        missing = self._missing()
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
        except CovsegError as error:
            self._say(Failed(error).sentence)
            return
        lesions = LesionMask(editor.labels, ct.grid, editor.label_set)
        self._latest.start(Run(measure_severity, ct, lesions, lungs))

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished) and not self._missing():
            self._found = outcome.value
            self.table.show_rows(outcome.value.rows)
            self.map.show_shares(outcome.value.zones)
        if not self.is_stale:
            self._say(
                outcome.sentence if isinstance(outcome, Failed) else self._missing()
            )
            self._show_age(is_stale=self._found is None)

    def _say(self, sentence: str) -> None:
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def _show_age(self, *, is_stale: bool) -> None:
        self.table.setEnabled(not is_stale)
        self.map.show_stale(is_stale)
        for button in (self.copy, self.save):
            button.setEnabled(not is_stale)

    def _find(self) -> None:
        from covseg_core.severity.live import lungs_of

        if self._session.scan is None or self.waiting.is_busy:
            return
        self._searched = self._session.scan
        run = Run(in_child, lungs_of, self._session.ct())
        self.find_lungs.setEnabled(False)
        self.waiting.follow(run, "Finding the lungs")
        run.ended.connect(self._keep_lungs)

    def _keep_lungs(self, outcome: Outcome) -> None:
        scan = self._session.scan
        self.find_lungs.setEnabled(scan is not None)
        if isinstance(outcome, Finished) and scan is self._searched:
            self._session.set_lungs(outcome.value)

    def _show_layer(self, is_on: bool) -> None:
        layer, self._layer = self._layer, None
        viewer, lungs = self._session.viewer, self._session.lungs
        if layer is not None and layer in viewer.layers:
            viewer.layers.remove(layer)
        if is_on and lungs is not None:
            active = viewer.layers.selection.active
            data, arguments, _ = mask_layer(lungs, LUNGS.name.capitalize())
            self._layer = viewer.add_labels(data, **arguments)
            self._layer.editable = False
            viewer.layers.selection.active = active

    def _copy(self) -> None:
        from covseg_core.severity.table import as_text

        if self._found is not None:
            QApplication.clipboard().setText(as_text(self._found.rows))
            self._say("Copied.")

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the figures", "severity.json", _SUFFIXES
        )
        if not name:
            return
        try:
            self.save_as(Path(name))
        except CovsegError as error:
            self._say(Failed(error).sentence)
        else:
            self._say(f"Saved {Path(name).name}.")
