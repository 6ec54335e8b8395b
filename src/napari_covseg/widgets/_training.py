"""Start, watch, stop and go on with a training that runs in another process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from covseg_core.learn.following import Following
from napari_covseg._processes.covseg_process import CovsegProcess
from napari_covseg._screen.style import restyle
from napari_covseg.widgets._curves import CurvePlot
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from napari_covseg._processes.covseg_process import Ended

__all__ = ["TrainingPanel"]

_START = "Start training"
_START_TIP = (
    "Train a new model on the finished cases. It runs beside napari and can be stopped "
    "and gone on with at any time."
)
_STOP_TIP = (
    "Stop after this step, or the case that is being prepared. Everything learnt so "
    "far is kept; Resume goes on."
)
_STOPPING = "Stopping after this step, or the case that is being prepared …"
_BAR_PX = 6
_PARTS = 1000


class TrainingPanel(QWidget):
    """A button, how far it is, and the curves of one training at a time.

    Attributes
    ----------
    wanted : Signal
        Sent when the user asks for a training.
    begun, ended : Signal
        Sent when a training starts, and when it is over, however it ended.
    finished : Signal
        Sends the outcome (dict) of a training that ran to its end.
    """

    wanted = Signal()
    begun = Signal()
    ended = Signal()
    finished = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._process: CovsegProcess | None = None
        self._following = Following()
        self.button = QPushButton()
        self.button.clicked.connect(self._press)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(_BAR_PX)
        self.status = wrapped_label("faint")
        self.loss = CurvePlot("Loss")
        self.score = CurvePlot("Validation Dice", highest=1.0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        parts = (self.button, self.progress, self.status, self.loss, self.score)
        for part in parts:
            column.addWidget(part)
        for plot in (self.loss, self.score):
            plot.hide()
        self._rest()

    @property
    def is_busy(self) -> bool:
        """Whether a training goes on."""
        return self._process is not None

    def train(self, words: list[str], following: Following | None = None) -> None:
        """Run `covseg train`.

        Parameters
        ----------
        words : list of str
            What follows ``covseg train``, but for ``--progress``.
        following : Following, optional
            Where a run that goes on stands.
        """
        self._following = following or Following()
        process = CovsegProcess("train", *words, "--progress", "jsonl")
        process.said.connect(self._hear)
        process.ended.connect(self._end)
        # Closing napari stops a training so that it can go on.
        self.destroyed.connect(process.stop)
        self._process = process
        restyle(self.button, "stop")
        self.button.setText("Stop")
        self.button.setToolTip(_STOP_TIP)
        self.progress.setRange(0, 0)
        self.progress.show()
        self._show()
        process.start()
        self.begun.emit()

    def stop(self) -> None:
        """Ask the training to stop after its step."""
        if self._process is None:
            return
        self._process.stop()
        self.button.setEnabled(False)
        self.say(_STOPPING)

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Show a sentence under the button, or nothing."""
        restyle(self.status, "warning" if warning else "faint")
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def _press(self) -> None:
        if self.is_busy:
            self.stop()
        else:
            self.wanted.emit()

    def _hear(self, event: dict[str, Any]) -> None:
        self._following.hear(event, time.monotonic())
        if self.button.isEnabled():
            self._show()

    def _show(self) -> None:
        run = self._following
        self.say(run.sentence)
        if run.share is None:
            self.progress.setRange(0, 0)
        else:
            self.progress.setRange(0, _PARTS)
            self.progress.setValue(round(run.share * _PARTS))
        self.loss.show_curve(run.losses, run.epochs)
        self.score.show_curve(run.scores, run.epochs)
        self.loss.setVisible(bool(run.epochs or run.losses))
        self.score.setVisible(bool(run.scores))

    def _end(self, end: Ended) -> None:
        process, self._process = self._process, None
        if process is not None:
            self.destroyed.disconnect(process.stop)
        self._rest()
        outcome = self._following.outcome
        if end.is_done and outcome is not None:
            self.say("")
            self.finished.emit(dict(outcome))
        elif end.is_stopped:
            self.say("Stopped. Nothing is lost: go on with Resume.")
        else:
            self.say(end.sentence, warning=True)
        self.ended.emit()

    def _rest(self) -> None:
        restyle(self.button, "primary")
        self.button.setText(_START)
        self.button.setToolTip(_START_TIP)
        self.button.setEnabled(True)
        self.progress.hide()
