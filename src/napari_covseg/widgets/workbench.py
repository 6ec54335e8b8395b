"""The one dock of CovSeg: every step from a scan to a better model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_covseg._files.drops import accept_drops
from napari_covseg._processes.child import warm_up
from napari_covseg._screen.corner import Corner
from napari_covseg._screen.style import widget_style
from napari_covseg._session.closing import CloseGuard
from napari_covseg._session.session import session_of
from napari_covseg.widgets._folded import Fold
from napari_covseg.widgets._notices import Notices
from napari_covseg.widgets._recovery_panel import RecoveryPanel
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._tour import Tour
from napari_covseg.widgets.case import CaseStep
from napari_covseg.widgets.correct import CorrectStep
from napari_covseg.widgets.export import ExportStep
from napari_covseg.widgets.learn import LearnWidget
from napari_covseg.widgets.segment import SegmentStep
from napari_covseg.widgets.severity import SeverityStep
from napari_covseg.widgets.view import ViewBar
from napari_covseg.widgets.whatif import WhatIfWidget
from napari_covseg.widgets.worklist import WorklistStep

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtGui import QShowEvent

__all__ = ["Workbench"]

_RESEARCH = "For research use only, not for diagnosis."
_WIDTH_PX = 345
_OPEN_AT_FIRST = ("Case", "Segment")
_KEY = "Alt+{}"


class Workbench(QWidget):
    """Stacks the steps; each can be folded away.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where scans and masks are shown.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_of(napari_viewer)
        self.recovery = RecoveryPanel(self.session)
        self.notices = Notices(self.session)
        self.view = ViewBar(self.session)
        self.worklist = WorklistStep(self.session)
        self.case = CaseStep(self.session)
        self.segment = SegmentStep(self.session)
        self.correct = CorrectStep(self.session)
        self.severity = SeverityStep(self.session)
        self.whatif = WhatIfWidget(self.session)
        self.export = ExportStep(self.session)
        self.learn = LearnWidget(self.session)
        self.steps = {
            name: self._fold(number, name, step)
            for number, (name, step) in enumerate(
                (
                    ("Worklist", self.worklist),
                    ("Case", self.case),
                    ("Segment", self.segment),
                    ("Correct", self.correct),
                    ("Severity", self.severity),
                    ("What-if", self.whatif),
                    ("Export", self.export),
                    ("Learn", self.learn),
                ),
                start=1,
            )
        }
        self.tour = Tour()
        self.tour.wanted.connect(self.open_step)
        self.begin_tour = QPushButton("Tour")
        self.begin_tour.setObjectName("fold")
        self.begin_tour.setToolTip("Show what each step is for.")
        self.begin_tour.clicked.connect(self.tour.begin)
        self.corner = Corner(self.session)
        self._lay_out()
        self.setStyleSheet(widget_style())
        self.setMinimumWidth(_WIDTH_PX)
        accept_drops(self, self.case.open_path)
        self.learn.models_changed.connect(self.segment.models.refresh)
        self.learn.store_changed.connect(self.worklist.relist)
        self.tour.begin_if_new()
        self.recovery.look()
        warm_up()

    def open_step(self, name: str) -> None:
        """Unfold a step and go there."""
        step = self.steps[name]
        step.unfold()
        # The step has no place before it is laid out.
        QTimer.singleShot(0, lambda: self._area.ensureWidgetVisible(step.button))
        step.button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        """Stand before the close button of the window that this is docked in."""
        window = self._main_window()
        if window is not None:
            CloseGuard.of(window, self.session)
        super().showEvent(event)

    def _main_window(self) -> QMainWindow | None:
        above: QWidget | None = self
        while above is not None and not isinstance(above, QMainWindow):
            above = above.parentWidget()
        return above

    def _fold(self, number: int, name: str, step: QWidget) -> Fold:
        key = _KEY.format(number)
        box = Fold(name, step, hint=key)
        box.button.setToolTip(f"Show or hide the step {name} ({key}).")
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(lambda: self.open_step(name))
        if name in _OPEN_AT_FIRST:
            box.unfold()
        return box

    def _lay_out(self) -> None:
        inside = QWidget()
        steps = QVBoxLayout(inside)
        steps.setContentsMargins(0, 0, 6, 0)
        for box in self.steps.values():
            steps.addWidget(box)
        steps.addStretch()
        self._area = QScrollArea()
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        for part in (self.recovery, self.notices, self.tour, self.view):
            column.addWidget(part)
        column.addWidget(self._area, 1)
        foot = QHBoxLayout()
        foot.addWidget(wrapped_label("faint", _RESEARCH), 1)
        foot.addWidget(self.begin_tour)
        column.addLayout(foot)
