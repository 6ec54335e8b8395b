"""Run `covseg` as a child process that is stopped so that it can go on later."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from qtpy.QtCore import QObject, Signal

__all__ = ["CovsegProcess", "Ended"]

# Without -P a folder of the user could stand in for a library.
_COMMAND = (sys.executable, "-P", "-m", "covseg_core.cli")
_PATIENCE_S = 20.0
_STOPPED = 130
_NOT_PROMOTED = 5
_OURS = "covseg: "


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Parameters
    ----------
    code : int
        Exit code; negative for a signal.
    words : str
        The sentence that it left on its standard error, empty if none.
    was_asked : bool
        Whether it was asked to stop.
    """

    code: int
    words: str = ""
    was_asked: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether it can go on, as it stopped because it was asked to."""
        return self.code != 0 and (self.was_asked or self.code == _STOPPED)

    @property
    def is_done(self) -> bool:
        """Whether it did what it should, even if the model came out worse."""
        return self.code in (0, _NOT_PROMOTED)

    @property
    def sentence(self) -> str:
        """What went wrong, in a sentence."""
        if self.words:
            return self.words[:1].upper() + self.words[1:]
        how = f"by signal {-self.code}" if self.code < 0 else f"with code {self.code}"
        return (
            f"The process ended {how}, most often because memory ran out. Close other "
            "programs or choose a smaller batch, and go on with it."
        )


class CovsegProcess(QObject):
    """One run of `covseg`; it never outlives this program.

    Parameters
    ----------
    *words : str
        What would be typed after ``covseg``.

    Attributes
    ----------
    said : Signal
        Sends every line of JSON on its standard output, as a dict.
    ended : Signal
        Sends an `Ended`, once.
    """

    said = Signal(object)
    ended = Signal(object)
    _alive: set[CovsegProcess] = set()  # noqa: RUF012 - shared on purpose

    def __init__(self, *words: str) -> None:
        super().__init__()
        self._words = words
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._was_asked = False
        self.ended.connect(self._forget)

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begin."""
        self._alive.add(self)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _listen
        self._process = subprocess.Popen(
            (*_COMMAND, *self._words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1"},
            creationflags=_own_group(),
        )
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop after the step that it is in; it keeps a checkpoint."""
        if self._process is None or not self.is_running:
            return
        if not self._was_asked:
            # A second signal would not wait for the step to end.
            self._was_asked = True
            self._process.send_signal(_stop_signal())

    def wait(self, seconds: float = _PATIENCE_S) -> None:
        """Wait for its end, and end it the hard way if it takes longer."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        process, errors = self._process, self._errors
        if process is None or process.stdout is None or errors is None:
            return
        with process.stdout, errors:
            for line in process.stdout:
                self._pass_on(line)
            code = process.wait()
            errors.seek(0)
            words = _last_sentence(errors.read().decode("utf-8", "replace"))
        # The window may be gone, and this object with it.
        with suppress(RuntimeError):
            self.ended.emit(Ended(code, words, self._was_asked))

    def _forget(self, ended: Ended) -> None:
        # A thread that is the last to let go would free a Qt object of this one.
        self._thread.join()
        self._alive.discard(self)

    def _pass_on(self, line: str) -> None:
        with suppress(ValueError, RuntimeError):
            event: Any = json.loads(line)
            if isinstance(event, dict):
                self.said.emit(event)

    @classmethod
    def end_all(cls) -> None:
        """Stop every process, so that each can go on later, and wait for them."""
        running = list(cls._alive)
        for each in running:
            each.stop()
        for each in running:
            each.wait()


atexit.register(CovsegProcess.end_all)


def _last_sentence(errors: str) -> str:
    """Take what `covseg` says of an error, and nothing of what libraries print."""
    lines = [line for line in errors.splitlines() if line.startswith(_OURS)]
    return lines[-1].removeprefix(_OURS).strip() if lines else ""


def _own_group() -> int:
    # Only a process with a group of its own can be sent a Ctrl+Break.
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _stop_signal() -> int:
    if sys.platform == "win32":
        return signal.CTRL_BREAK_EVENT
    # Programs started in the background are born deaf to SIGINT, but not to this.
    return signal.SIGTERM
