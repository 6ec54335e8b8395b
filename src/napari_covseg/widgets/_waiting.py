"""A line that tells how far something is, with a button to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_covseg._files.export import Writing
from napari_covseg._processes.worker import Failed, Outcome, Run
from napari_covseg._screen.style import restyle
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from qtpy.QtWidgets import QLabel

__all__ = ["WaitingLine"]

_BAR_PX = 6


class WaitingLine(QWidget):
    """Shows one run at a time, and a sentence while there is none.

    Parameters
    ----------
    stop_tip : str
        What stopping does, in a sentence.
    parent : QWidget, optional
        Owner of the line.
    """

    def __init__(self, stop_tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self.words: QLabel = wrapped_label("faint")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(_BAR_PX)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setObjectName("stop")
        self.stop_button.setToolTip(stop_tip)
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.words)
        self._rest()

    @property
    def is_busy(self) -> bool:
        """Whether a run goes on."""
        return self._run is not None

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Show a sentence, or nothing."""
        restyle(self.words, "warning" if warning else "faint")
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    def follow(self, run: Run, doing: str) -> None:
        """Report a run, which starts now; `doing` is said until it tells more."""
        self._run = run
        run.advanced.connect(self._show)
        run.ended.connect(self._end)
        self.progress.setRange(0, 0)
        self.progress.show()
        self.stop_button.show()
        self.say(f"{doing} …")
        run.start()

    def stop(self) -> None:
        """Ask the run to stop at its next step."""
        if self._run is not None:
            self._run.stop()
            self.stop_button.setEnabled(False)
            self.say("Stopping …")

    def _show(self, step: Any) -> None:
        # A child process that has nothing new to tell sends None.
        if step is None or not self.stop_button.isEnabled():
            return
        # Killing the child now would leave half a file under a hidden name.
        self.stop_button.setHidden(isinstance(step, Writing))
        self.progress.setRange(0, step.total)
        self.progress.setValue(step.done)
        self.say(f"{step.stage} …")

    def _end(self, outcome: Outcome) -> None:
        self._run = None
        self._rest()
        if isinstance(outcome, Failed):
            self.say(outcome.sentence, warning=True)

    def _rest(self) -> None:
        self.progress.hide()
        self.stop_button.hide()
        self.stop_button.setEnabled(True)
        self.say("")
