"""What a child process of the plugin runs: generators of the core, one at a time.

Started by `_processes.child`.  Requests come by the standard input, answers leave by
the standard output.  When the window is gone, so is the input, and the child ends.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from napari_covseg._processes.pipe import Answer, Request, receive, send

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["main", "preload"]

_POLITE = 10
"""Steps by which the child lets the window go first on a small machine."""


def preload() -> Generator[None, None, None]:
    """Import what predicting needs, so that the first run starts at once."""
    import covseg_core.inference.predict
    import covseg_core.registry.weights  # noqa: F401

    yield


def main() -> None:
    """Answer requests until the window is gone."""
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    requests, answers = _own_streams()
    waiting: queue.Queue[Request] = queue.Queue()
    stopped: set[int] = set()
    listener = threading.Thread(
        target=_listen, args=(requests, waiting, stopped), daemon=True
    )
    listener.start()
    while True:
        _serve(waiting.get(), stopped, answers)


def _serve(request: Request, stopped: set[int], answers: BinaryIO) -> None:
    """Answer one request; what it held is free afterwards."""
    for answer in _run(request, stopped):
        _tell(answers, answer)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes for ourselves; what others print goes to the standard error."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    return requests, answers


def _listen(
    requests: BinaryIO, waiting: queue.Queue[Request], stopped: set[int]
) -> None:
    while True:
        try:
            request = receive(requests)
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:  # noqa: BLE001 - whoever waits must not wait for ever
            traceback.print_exc()
            os._exit(1)
        if request.steps is None:
            stopped.add(request.number)
        else:
            waiting.put(request)


def _run(request: Request, stopped: set[int]) -> Generator[Answer, None, None]:
    if request.steps is None:
        return
    try:
        steps = request.steps(*request.arguments)
        while request.number not in stopped:
            yield Answer(request.number, "step", next(steps))
        steps.close()
        yield Answer(request.number, "stopped")
    except StopIteration as end:
        yield Answer(request.number, "result", end.value)
    except Exception as error:  # noqa: BLE001 - the window tells it to the user
        yield Answer(request.number, "error", _portable(error))


def _portable(error: Exception) -> Exception:
    """Make an error that can travel, with the place where it was raised."""
    error.add_note("".join(traceback.format_exception(error)))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    with suppress(Exception):
        pickle.loads(pickle.dumps(error))
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _tell(answers: BinaryIO, answer: Answer) -> None:
    try:
        send(answers, answer)
    except OSError:
        sys.exit(0)


if __name__ == "__main__":
    main()
