"""Follow the newest of many runs; what came before is stopped and not heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari_covseg._processes.worker import Outcome, Run

__all__ = ["LatestRun"]


class LatestRun(QObject):
    """One run that counts.

    Its signals go with their owner, so that no run reaches a widget that is gone.

    Parameters
    ----------
    parent : QObject
        Owner.

    Attributes
    ----------
    advanced, ended : Signal
        Those of the newest `Run`.
    """

    advanced = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._run: Run | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the newest run goes on."""
        return self._run is not None

    def start(self, run: Run) -> None:
        """Start a run in place of the one before."""
        self.stop()
        self._run = run
        run.advanced.connect(self._advance)
        run.ended.connect(self._end)
        run.start()

    def stop(self) -> None:
        """Stop; nothing more is heard."""
        run, self._run = self._run, None
        if run is not None:
            run.advanced.disconnect(self._advance)
            run.ended.disconnect(self._end)
            run.stop()

    def _advance(self, step: Any) -> None:
        self.advanced.emit(step)

    def _end(self, outcome: Outcome) -> None:
        self._run = None
        self.ended.emit(outcome)
