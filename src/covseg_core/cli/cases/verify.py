"""`covseg cases verify`: check every byte of a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.cli.output import say, say_json
from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from covseg_core.cases.verify import Problem

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
        remedies = dict.fromkeys(problem.remedy for problem in problems)
        sentences = (_sentence(remedy, problems) for remedy in remedies)
        raise InputRefusedError(f"{len(problems)} problems. {' '.join(sentences)}")
    if not json:
        say(f"{cases} cases, every byte as recorded")


def _sentence(remedy: str, problems: list[Problem]) -> str:
    """Say which files need a remedy, the first five by name."""
    found = (problem.file for problem in problems if problem.remedy == remedy)
    files = list(dict.fromkeys(found))
    more = f" and {len(files) - 5} more" if len(files) > 5 else ""
    return f"{remedy}: {', '.join(files[:5])}{more}."
