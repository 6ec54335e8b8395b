"""`covseg cases verify`: check every byte of a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from covseg_core.cli.output import say, say_json
from covseg_core.errors import InputRefusedError

__all__ = ["verify"]


def verify(store: Path, /, *, json: bool = False) -> None:
    """Check every byte of a store against what was recorded.

    Parameters
    ----------
    store
        Folder of the case store.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore
    from covseg_core.cases.verify import verify as check

    opened = CaseStore(store)
    problems = list(check(opened))
    cases = len(opened.case_ids())
    if json:
        say_json({"cases": cases, "problems": [asdict(one) for one in problems]})
    else:
        for problem in problems:
            say(f"{problem}")
    if problems:
        files = list(dict.fromkeys(problem.file for problem in problems))
        more = f" and {len(files) - 5} more" if len(files) > 5 else ""
        raise InputRefusedError(
            f"{len(problems)} problems in {', '.join(files[:5])}{more}. "
            "Put these files back from a backup."
        )
    if not json:
        say(f"{cases} cases, every byte as recorded")
