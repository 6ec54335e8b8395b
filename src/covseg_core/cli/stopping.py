"""The signals that stop the program: Ctrl+C, SIGTERM, a terminal that is closed."""

from __future__ import annotations

import os
import signal
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["noted_stops", "stop_at_signals"]

ENDING = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]
HANGUP = getattr(signal, "SIGHUP", None)


def stop_at_signals() -> None:
    """Let what would end this process stop it as Ctrl+C does, nothing left half done.

    For the program alone: who calls `run` from Python decides for himself.  What was
    ignored when it was started, as `nohup` does, stays ignored.
    """
    for each in ENDING:
        if signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, _stop)


@contextmanager
def noted_stops() -> Iterator[list[int]]:
    """Note the first signal that would stop, so that a step can end; the second stops.

    Yields
    ------
    list of int
        What was heard; empty at first.
    """
    heard: list[int] = []

    def note(number: int, frame: object) -> None:
        if heard:
            _stop(number, frame)
        _leave_closed_terminal(number)
        heard.append(number)

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, *ENDING)}
    stopping = [
        each
        for each, handler in before.items()
        if handler in (_stop, signal.default_int_handler)
    ]
    for each in stopping:
        signal.signal(each, note)
    try:
        yield heard
    finally:
        for each in stopping:
            signal.signal(each, before[each])


def _stop(number: int, frame: object) -> None:
    _leave_closed_terminal(number)
    raise KeyboardInterrupt


def _leave_closed_terminal(number: int) -> None:
    """Hear of it once, as shells tell it twice, and write to it no more."""
    if number != HANGUP:
        return
    signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        if stat.S_ISCHR(os.fstat(stream).st_mode):
            os.dup2(nowhere, stream)
