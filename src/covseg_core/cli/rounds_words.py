"""What is said of scans that are gathered and labelled, in one line each."""

from __future__ import annotations

from covseg_core.learn.pseudo import Labelled
from covseg_core.learn.rounds.learner import Stage
from covseg_core.learn.rounds.plan import Gathered

__all__ = ["line_of"]

RESULTS = {
    "labelled": "labelled",
    "known": "labelled before",
    "unsure": "left out",
    "skipped": "skipped",
    "refused": "refused",
}


def line_of(event: Gathered | Labelled | Stage) -> str:
    """Tell one thing that was done, for people."""
    if isinstance(event, Stage):
        return (
            f"{event.name}: {event.true_slices} slices with true masks, "
            f"{event.pseudo_slices} with pseudo-labels"
        )
    if isinstance(event, Gathered):
        what = "left out" if event.case_id is None else f"is {event.case_id}"
        return f"{event.scan}: {what}{_because(event.reason)}"
    is_new = event.result == "labelled" and event.case_id != event.scan
    case = f" as {event.case_id}" if is_new else ""
    sure = "" if event.confidence is None else f", confidence {event.confidence:.3f}"
    what = RESULTS[event.result]
    return f"{event.scan}: {what}{case}{sure}{_because(event.reason)}"


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
