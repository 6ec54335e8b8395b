"""Run a generator of the core beside the window, and tell how it ended."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from napari.utils.notifications import notification_manager, show_error
from qtpy.QtCore import QObject, Signal

from covseg_core.errors import CovsegError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Failed", "Finished", "Outcome", "Run", "Stopped", "announce"]


@dataclass(frozen=True, eq=False)
class Finished:
    """It ran to its end and returned `value`."""

    value: Any


@dataclass(frozen=True, eq=False)
class Stopped:
    """The user stopped it."""


@dataclass(frozen=True, eq=False)
class Failed:
    """It raised `error`."""

    error: Exception

    @property
    def is_expected(self) -> bool:
        """Whether the error is a sentence for the user and no bug."""
        return isinstance(self.error, CovsegError | MemoryError)

    @property
    def sentence(self) -> str:
        """What the user is told."""
        if self.is_expected:
            return _capitalised(str(self.error) or "Memory ran out.")
        return (
            f"CovSeg met an error that it does not know ({type(self.error).__name__}). "
            "The scan and your masks are untouched; please report it."
        )


Outcome: TypeAlias = Finished | Stopped | Failed


class Run(QObject):
    """One run of a generator in a thread of its own.

    It lives until its end even if nobody keeps it, so that a widget may be
    closed meanwhile.

    Parameters
    ----------
    steps : callable
        A generator function; it can be stopped wherever it yields.  None that it
        yields is not sent on.
    arguments : object
        For `steps`.

    Attributes
    ----------
    advanced : Signal
        Sends what the generator yields, to the thread of the window.
    ended : Signal
        Sends the `Outcome`, once.
    """

    advanced = Signal(object)
    ended = Signal(object)
    _alive: set[Run] = set()  # noqa: RUF012 - shared on purpose

    def __init__(
        self, steps: Callable[..., Generator[Any, None, Any]], *arguments: Any
    ) -> None:
        super().__init__()
        self._steps, self._arguments = steps, arguments
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._over.connect(self._end)

    _over = Signal(object)

    def start(self) -> None:
        """Begin."""
        self._alive.add(self)
        self._thread.start()

    def stop(self) -> None:
        """Ask the generator to stop at its next step."""
        self._stop.set()

    def _work(self) -> None:
        outcome = self._outcome()
        # The window may have been closed meanwhile.
        with suppress(RuntimeError):
            self._over.emit(outcome)

    def _outcome(self) -> Outcome:
        try:
            steps = self._steps(*self._arguments)
            while not self._stop.is_set():
                step = next(steps)
                if step is not None:
                    self.advanced.emit(step)
            steps.close()
        except StopIteration as end:
            return Finished(end.value)
        except Exception as error:  # noqa: BLE001 - told to the user by `announce`
            return Failed(error)
        return Stopped()

    def _end(self, outcome: Outcome) -> None:
        # A thread that is the last to let go would free a Qt object of this one.
        self._thread.join()
        self._alive.discard(self)
        self.ended.emit(outcome)


def announce(failed: Failed) -> None:
    """Show a failure in napari: a sentence, or for a bug its whole report."""
    if failed.is_expected:
        show_error(failed.sentence)
        return
    error = failed.error
    notification_manager.receive_error(type(error), error, error.__traceback__)


def _capitalised(sentence: str) -> str:
    # The name of a file is written as it is.
    is_name = "." in sentence.split(" ", 1)[0]
    return sentence if is_name else sentence[:1].upper() + sentence[1:]
