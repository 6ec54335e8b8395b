"""Run a recipe from the command line: one sentence and an exit code when it fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from covseg_core.errors import CovsegError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_recipe"]

STOPPED = 130


def run_recipe(main: Callable[[], None]) -> None:
    """Run `main` and leave the program as ``covseg`` does."""
    try:
        main()
    except CovsegError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on.\n")
        sys.exit(STOPPED)
