"""The command line: `covseg`."""

from __future__ import annotations

__all__ = ["main", "train_main"]


def main() -> None:
    """Run `covseg` with the arguments of this process, and exit."""
    import sys

    from covseg_core.cli.run import run

    sys.exit(run(sys.argv[1:]))


def train_main() -> None:
    """Run `covseg train` with the arguments of this process, and exit."""
    import sys

    from covseg_core.cli.run import run

    sys.exit(run(["train", *sys.argv[1:]]))
