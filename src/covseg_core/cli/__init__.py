"""The command line: `covseg`."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run `covseg` with the arguments of this process, and exit."""
    import sys

    from covseg_core.cli.run import run

    sys.exit(run(sys.argv[1:]))
