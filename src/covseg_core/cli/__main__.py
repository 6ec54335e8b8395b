"""Let ``python -m covseg_core.cli`` be the program `covseg`."""

from __future__ import annotations

from covseg_core.cli import main

if __name__ == "__main__":
    main()
