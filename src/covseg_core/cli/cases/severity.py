"""`covseg cases severity`: the scores of every case as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.cli.output import OutputPath, make_folder, say, say_json
from covseg_core.cli.progress import follow
from covseg_core.errors import UsageError
from covseg_core.steps import result_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.cases.store import CaseStore
    from covseg_core.reports.severity.as_csv import Row
    from covseg_core.reports.severity.cohort import CohortStep

__all__ = ["severity"]

_REASON = "not_scored_because"


def severity(
    store: Path,
    /,
    *,
    output: OutputPath,
    json: bool = False,
) -> None:
    """Write the scores of every case as a table, one row each.

    A run that was stopped goes on when it is started again: cases whose scan, mask and
    lungs have not changed keep their rows.

    Parameters
    ----------
    store
        Folder of the case store.
    output
        Table to write, .csv.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore
    from covseg_core.reports.severity.cohort import read_cohort

    if output.suffix.lower() != ".csv":
        raise UsageError(f"the table {output.name!r} must end in .csv.")
    opened = CaseStore(store)
    known = {}
    if output.exists():
        known = read_cohort(_text_of(output), output.name)
    make_folder(output.parent)
    try:
        rows = follow(_scored(opened, known, output))
    except KeyboardInterrupt as stop:
        again = f"covseg cases severity {store} -o {output}"
        raise KeyboardInterrupt(f"stopped; go on with: {again}") from stop
    _tell(rows, output, json=json)


def _scored(
    store: CaseStore, known: dict[str, Row], output: Path
) -> Generator[CohortStep, None, list[Row]]:
    """Write the table after every case, with those of an earlier run at its end."""
    from covseg_core.inference.lungs import lungs_of
    from covseg_core.io.atomic import write_text
    from covseg_core.reports.severity.cohort import cohort_csv, score_cohort

    rows: dict[str, Row] = {}
    still = set(store.case_ids())
    for step in score_cohort(store, known, lambda ct: result_of(lungs_of(ct))):
        if step.row is not None:
            rows[str(step.row["case"])] = step.row
            later = [
                row for case, row in known.items() if case in still and case not in rows
            ]
            write_text(output, cohort_csv([*rows.values(), *later]))
        yield step
    if not rows:
        write_text(output, cohort_csv([]))
    return list(rows.values())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name!r} is there already and is no table of scores; choose another "
            "name."
        ) from error


def _tell(rows: list[Row], output: Path, *, json: bool) -> None:
    left = {str(row["case"]): str(row[_REASON]) for row in rows if row.get(_REASON)}
    scored = len(rows) - len(left)
    if json:
        say_json({"output": str(output), "scored": scored, "not_scored": left})
        return
    for case, reason in left.items():
        say(f"{case}: not scored: {reason}")
    say(f"{scored} of {len(rows)} cases scored; wrote {output}")
