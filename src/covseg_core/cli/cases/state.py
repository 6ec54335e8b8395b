"""`covseg cases state`: say how far a case is."""

from __future__ import annotations

from pathlib import Path

from covseg_core.cases.record import State
from covseg_core.cli.output import say

__all__ = ["state"]


def state(
    store: Path,
    case: str,
    state: State,
    /,
    *,
    comment: str | None = None,
) -> None:
    """Say how far a case is; flagged cases are never trained on.

    Parameters
    ----------
    store
        Folder of the case store.
    case
        Id of the case.
    state
        new, "in progress", done or flagged.
    comment
        Why; replaces an older comment.
    """
    from covseg_core.cases.store import CaseStore

    record = CaseStore(store).set_state(case, state, comment)
    say(f"{record.case_id}: {record.state}")
