"""The command line: `covseg`."""

from __future__ import annotations

import sys

__all__ = ["main", "train_main"]


def main() -> None:
    """Run `covseg` with the arguments of this process, and exit."""
    _run_program(sys.argv[1:])


def train_main() -> None:
    """Run `covseg train` with the arguments of this process, and exit."""
    _run_program(["train", *sys.argv[1:]])


def _run_program(words: list[str]) -> None:
    from covseg_core.cli.run import run
    from covseg_core.cli.stopping import stop_at_signals

    stop_at_signals()
    sys.exit(run(words))
