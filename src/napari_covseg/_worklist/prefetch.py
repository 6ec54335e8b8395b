"""Read the next case while the one in front is corrected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._worklist.open_case import CaseWish, ReadyCase, open_case

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Prefetch"]

_LOOK_S = 0.02


class Prefetch(QObject):
    """Holds one case ahead, no more.

    Parameters
    ----------
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    failed : Signal
        Sends the id of a case that could not be read, and a sentence.
    """

    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wish: CaseWish | None = None
        self._latest = LatestRun(self)
        self._latest.advanced.connect(self._advance)
        self._latest.ended.connect(self._end)
        self._is_reading = False
        self._step: Any = None
        self._ready: ReadyCase | None = None

    @property
    def wish(self) -> CaseWish | None:
        """The case that is ahead; None if there is none."""
        return self._wish

    @property
    def is_ready(self) -> bool:
        """Whether the case ahead is read, so that opening it takes no time."""
        return self._ready is not None

    def want(self, wish: CaseWish | None) -> None:
        """Read a case ahead; what was ahead and is another one is dropped."""
        if wish == self._wish:
            return
        self.forget()
        self._wish = wish
        if wish is not None:
            self._is_reading = True
            self._latest.start(Run(open_case, wish))

    def forget(self) -> None:
        """Stop reading ahead and give the memory back."""
        self._latest.stop()
        self._is_reading = False
        self._wish = self._step = self._ready = None

    def open(self, wish: CaseWish) -> Generator[Any, None, ReadyCase]:
        """Open a case, at once if it is the one ahead; for a `Run`.

        Yields
        ------
        object
            Steps of `open_case`.

        Raises
        ------
        CovsegError
            If the case is refused.
        """
        while self._wish == wish and self._is_reading:
            yield self._step
            time.sleep(_LOOK_S)
        ready = self._ready
        if self._wish == wish and ready is not None:
            return ready
        return (yield from open_case(wish))

    def _advance(self, step: Any) -> None:
        self._step = step

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self._ready = outcome.value
        self._is_reading = False
        if isinstance(outcome, Failed) and self._wish is not None:
            self.failed.emit(self._wish.case_id, outcome.sentence)
