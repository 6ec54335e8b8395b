"""A button that starts and stops a run, its progress, and a line of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_covseg._processes.worker import Failed, Outcome, Run, Stopped, announce
from napari_covseg._screen.style import restyle

if TYPE_CHECKING:
    from covseg_core.inference.progress import Progress

__all__ = ["RunPanel", "wrapped_label"]

_STOP = "Stop"
_BAR_PX = 6


class RunPanel(QWidget):
    """Starts, stops and reports one run at a time.

    Parameters
    ----------
    caption : str
        What the button does.
    tooltip : str
        The same in a sentence.
    parent : QWidget, optional
        Owner of the panel.

    Attributes
    ----------
    wanted : Signal
        Sent when the user asks for a run.
    """

    wanted = Signal()

    def __init__(
        self, caption: str, tooltip: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._caption, self._tooltip = caption, tooltip
        self._run: Run | None = None
        self.button = QPushButton()
        self.button.clicked.connect(self._press)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(_BAR_PX)
        self.status = wrapped_label("faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.button, self.progress, self.status):
            column.addWidget(part)
        self._rest()

    @property
    def is_busy(self) -> bool:
        """Whether a run goes on."""
        return self._run is not None

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Show a sentence under the button, or nothing."""
        restyle(self.status, "warning" if warning else "faint")
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def follow(self, run: Run) -> None:
        """Report a run, which starts now."""
        self._run = run
        run.advanced.connect(self._show)
        run.ended.connect(self._end)
        restyle(self.button, "stop")
        self.button.setText(_STOP)
        self.button.setToolTip("Stop; nothing of the unfinished mask is kept.")
        self.progress.setRange(0, 0)
        self.progress.show()
        self.say("Starting …")
        run.start()

    def stop(self) -> None:
        """Ask the run to stop at its next step."""
        if self._run is None:
            return
        self._run.stop()
        self.button.setEnabled(False)
        self.say("Stopping …")

    def fail(self, failed: Failed) -> None:
        """Tell the user what went wrong, here and in a notification."""
        self.say(failed.sentence, warning=True)
        announce(failed)

    def _press(self) -> None:
        if self.is_busy:
            self.stop()
        else:
            self.wanted.emit()

    def _show(self, progress: Progress) -> None:
        if not self.button.isEnabled():
            return
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        count = f" {progress.done} of {progress.total}" if progress.total else ""
        self.say(f"{progress.stage} …{count}")

    def _end(self, outcome: Outcome) -> None:
        self._run = None
        self._rest()
        if isinstance(outcome, Failed):
            self.fail(outcome)
        elif isinstance(outcome, Stopped):
            self.say("Stopped; nothing of it was kept.")

    def _rest(self) -> None:
        restyle(self.button, "primary")
        self.button.setText(self._caption)
        self.button.setToolTip(self._tooltip)
        self.button.setEnabled(True)
        self.progress.hide()
        self.say("")


def wrapped_label(name: str, text: str = "") -> QLabel:
    """Make a label that wraps its lines; `name` is one of the style sheet."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    return label
