"""Run a command and turn whatever happens into one line and an exit code."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import CycloptsError
from pydantic import ValidationError

from covseg_core.cli.app import make_app
from covseg_core.errors import CovsegError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

OK, BUG, USAGE, STOPPED = 0, 1, 2, 130
DEBUG = "--debug"
_NO_BUGS = {
    errno.EACCES,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}


def run(arguments: Sequence[str]) -> int:
    """Run `covseg`.

    Parameters
    ----------
    arguments : sequence of str
        What follows the program's name; `--debug` anywhere shows tracebacks.

    Returns
    -------
    int
        0 done, 1 a bug of ours, 2 wrong usage, 3 input refused, 4 model
        refused, 5 a worse model was not promoted, 130 stopped by the user.
    """
    _open_closed_streams()
    debug = DEBUG in arguments
    words = [word for word in arguments if word != DEBUG]
    try:
        _refuse_empty(words)
        answer = make_app()(
            words,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        return _complain(_plain(error), USAGE, debug)
    except ValidationError as error:
        return _complain(_wrong_setting(error), USAGE, debug)
    except CovsegError as error:
        return _complain(str(error), error.exit_code, debug)
    except KeyboardInterrupt as error:
        return _complain(str(error) or "stopped.", STOPPED, debug=False)
    except BrokenPipeError:
        # The reader of a pipe went away; nobody is left to talk to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        return _complain(_refused_by_machine(error), BUG, debug)
    except MemoryError as error:
        return _complain(str(error) or "memory ran out.", BUG, debug)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _complain(_record(error), BUG, debug)
    return answer if isinstance(answer, int) else OK


def _open_closed_streams() -> None:
    """Let what is said go nowhere if whoever started this closed its streams."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else the next file to be opened would get what libraries print.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _refuse_empty(words: Sequence[str]) -> None:
    """Refuse an empty path, which Python would take for the folder one is in."""
    for word in words:
        if re.fullmatch(r"(--[\w-]+=)?", word):
            name = word.removesuffix("=") or "an argument"
            raise UsageError(f"{name} is empty; give a value, or leave it away.")


def _complain(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    line = " ".join(message.split())
    sys.stderr.write(f"covseg: {line}\n")
    return code


def _plain(error: CycloptsError) -> str:
    """Say what a settings class found wrong in the words of the command line."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return str(error)
    return _wrong_setting(cause)


def _wrong_setting(error: ValidationError) -> str:
    first = error.errors()[0]
    option = "--" + "-".join(str(part) for part in first["loc"]).replace("_", "-")
    message = first["msg"].removeprefix("Value error, ")
    return f"{option}: {message[:1].lower()}{message[1:]}, got {first['input']!r}."


def _refused_by_machine(error: OSError) -> str:
    """Say what the machine would not do, if that is no fault of ours."""
    if error.errno not in _NO_BUGS or error.filename is None:
        return _record(error)
    return f"{Path(error.filename).name!r} cannot be used: {error.strerror}."


def _record(error: Exception) -> str:
    """Keep where a bug showed; its message could hold a name, so it is left out."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    with tempfile.NamedTemporaryFile(
        "w", prefix="covseg-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"{type(error).__name__}\n{frames}")
    return (
        f"this is a bug in covseg ({type(error).__name__}); its trace is in "
        f"{log.name}. Run again with {DEBUG} to see more, and please report it."
    )
