"""Run a generator of the core in another process.

The window stays quick whatever the generator does, a crash or a lack of memory ends
the child alone, and torch never meets the graphics driver.
"""

from __future__ import annotations

import atexit
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from covseg_core.errors import CovsegError
from napari_covseg._processes.pipe import Answer, Request, receive, send
from napari_covseg._processes.serve import preload

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["ChildEndedError", "in_child", "warm_up"]

_NEEDED_SOON = ("pandas", "nibabel.orientations", "scipy.ndimage", "scipy.spatial")
"""Each takes a good part of a second; napari itself asks for pandas."""
_BEAT_S = 0.1
_PATIENCE_S = 2.0
_Result = TypeVar("_Result")


class ChildEndedError(CovsegError, RuntimeError):
    """The process that calculated is gone."""


def in_child(
    steps: Callable[..., Generator[Any, None, _Result]], *arguments: Any
) -> Generator[Any, None, _Result]:
    """Run `steps(*arguments)` in a child process.

    Parameters
    ----------
    steps : callable
        A generator function that can be imported by its name.
    *arguments : object
        Sent to the child; arrays are copied once.

    Yields
    ------
    object
        What `steps` yields, and None while there is nothing new, so that a caller
        can stop at any time.

    Returns
    -------
    object
        What `steps` returns.

    Raises
    ------
    ChildEndedError
        If the child was killed or crashed.
    Exception
        What `steps` raises.
    """
    child = _take()
    number = child.ask(steps, arguments)
    answer = None
    try:
        while answer is None or answer.kind == "step":
            answer = child.answer(number)
            yield answer.value if answer and answer.kind == "step" else None
    finally:
        _give_back(child, number, is_done=answer is not None and answer.kind != "step")
    if answer.kind == "error":
        raise answer.value
    result: _Result = answer.value
    return result


def warm_up() -> None:
    """Start a child in advance, and load what showing a scan needs; returns at once."""
    threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    for name in _NEEDED_SOON:
        import_module(name)
    with _pool:
        if _idle:
            return
        child = _Child()
        # Whoever takes it writes to its pipe.
        child.ask(preload, ())
        _idle.append(child)


class _Child:
    """One process, and a thread that listens to it."""

    def __init__(self) -> None:
        # Without -P a folder of the user could stand in for a library.
        command = (sys.executable, "-P", "-m", "napari_covseg._processes.serve")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers: queue.Queue[Answer | None] = queue.Queue()
        self._numbers = count(1)
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, steps: Callable[..., Any] | None, arguments: tuple[Any, ...]) -> int:
        """Send a request and give its number."""
        number = next(self._numbers)
        self._send(Request(number, steps, arguments))
        return number

    def stop(self, number: int) -> bool:
        """Ask to stop a request; whether it did so in time."""
        self._send(Request(number))
        for _ in range(round(_PATIENCE_S / _BEAT_S)):
            answer = self.answer(number)
            if answer is not None and answer.kind != "step":
                return True
        return False

    def answer(self, number: int) -> Answer | None:
        """Wait a moment for the next answer to a request.

        Raises
        ------
        ChildEndedError
            If the process is gone.
        """
        try:
            answer = self._answers.get(timeout=_BEAT_S)
        except queue.Empty:
            return None
        if answer is None:
            raise ChildEndedError(_last_words(self._process.wait()))
        # Preloading was asked for by nobody who waits.
        return answer if answer.number == number else None

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()

    def _send(self, request: Request) -> None:
        # A child that is gone is told by its answer.
        with suppress(OSError):
            send(self._process.stdin, request)  # type: ignore[arg-type]

    def _listen(self) -> None:
        try:
            while True:
                self._answers.put(receive(self._process.stdout))  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - whoever waits must not wait for ever
            self._answers.put(None)
            self._process.kill()


_pool = threading.Lock()
_idle: list[_Child] = []
_busy: set[_Child] = set()


def _take() -> _Child:
    with _pool:
        while _idle:
            child = _idle.pop()
            if child.is_alive:
                break
        else:
            child = _Child()
        _busy.add(child)
        return child


def _give_back(child: _Child, number: int, *, is_done: bool) -> None:
    """Keep one child for the next run; one that does not stop is killed."""
    try:
        is_free = child.is_alive and (is_done or child.stop(number))
    except ChildEndedError:
        is_free = False
    with _pool:
        _busy.discard(child)
        if is_free and not _idle:
            _idle.append(child)
            return
    child.kill()


@atexit.register
def _end_all() -> None:
    for child in (*_idle, *_busy):
        child.kill()


def _last_words(code: int) -> str:
    how = f"by signal {-code}" if code < 0 else f"with status {code}"
    return (
        f"the process that calculated ended {how}, most often because memory ran out. "
        "Close other programs, or choose a smaller batch, and try again. "
        "The scan and your masks are untouched."
    )
