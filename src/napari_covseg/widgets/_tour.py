"""A short tour on the sample, for the first start."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_covseg._screen.remembered import remember, remembered
from napari_covseg.widgets._run_panel import wrapped_label

__all__ = ["STOPS", "Stop", "Tour"]

_SEEN = "tour/seen"


@dataclass(frozen=True)
class Stop:
    """One stop of the tour: a step of the workbench, and what to do there."""

    step: str
    words: str


STOPS = (
    Stop(
        "Case",
        "Open a scan: drop a DICOM folder or a NIfTI file here. To try things out, "
        "press <b>Sample</b>: a made chest, of nobody.",
    ),
    Stop(
        "Segment",
        "Press <b>Outline infection</b>. The mask grows while you watch; you can stop "
        "at any time.",
    ),
    Stop(
        "Correct",
        "Paint with <b>B</b>, erase with <b>E</b>, take back with <b>Ctrl+Z</b>. Every "
        "stroke is backed up at once.",
    ),
    Stop(
        "Severity",
        "Millilitres and percentages of each lung; they follow your corrections.",
    ),
    Stop(
        "Export",
        "Save the mask as NIfTI, DICOM SEG and others. For many scans, work from a "
        "folder of cases in the step <b>Worklist</b>; <b>Learn</b> makes a better "
        "model of your corrections.",
    ),
)


class Tour(QFrame):
    """Leads through the steps; shown by itself once.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the tour.

    Attributes
    ----------
    wanted : Signal
        Sends the name of the step that the tour has come to.
    """

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at = 0
        self.setObjectName("notice")
        self.words = wrapped_label("plain")
        self.next = QPushButton("Next")
        self.next.setObjectName("primary")
        self.next.setToolTip("Go to the next step of the tour.")
        self.end = QPushButton("End tour")
        self.end.setToolTip("Close the tour; Tour, below, begins it again.")
        row = QHBoxLayout()
        row.addWidget(self.next)
        row.addWidget(self.end)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addLayout(row)
        self.next.clicked.connect(self._go_on)
        self.end.clicked.connect(self._finish)
        self.setVisible(False)

    def begin_if_new(self) -> None:
        """Begin, unless the user has seen it."""
        if not remembered(_SEEN):
            self.begin()

    def begin(self) -> None:
        """Begin with the first stop."""
        self._go(0)
        self.show()

    def _go_on(self) -> None:
        if self._at + 1 < len(STOPS):
            self._go(self._at + 1)
        else:
            self._finish()

    def _go(self, number: int) -> None:
        self._at = number
        stop = STOPS[number]
        self.words.setText(
            f"<b>{number + 1} of {len(STOPS)} · {stop.step}</b><br>{stop.words}"
        )
        is_last = number + 1 == len(STOPS)
        self.next.setText("Done" if is_last else "Next")
        self.wanted.emit(stop.step)

    def _finish(self) -> None:
        remember(_SEEN, "yes")
        self.hide()
