"""Which case to read next: order, filter and count the cases of a store.

A case is open while it is new or in progress.  What is done needs nobody, and what
is flagged waits for somebody else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from covseg_core.cases.record import STATES, TRUSTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from covseg_core.cases.record import CaseRecord, Split, State

__all__ = [
    "OPEN_STATES",
    "CaseFilter",
    "NextCase",
    "Order",
    "Tally",
    "confidence_in",
    "in_order",
    "next_case",
    "tally",
]

Order: TypeAlias = Literal["order", "uncertainty", "state"]
OPEN_STATES: tuple[State, ...] = ("new", "in progress")
_STATE_ORDER = ("in progress", "new", "flagged", "done")


@dataclass(frozen=True)
class CaseFilter:
    """Which cases to show; what is None is not asked for.

    Parameters
    ----------
    state, split, collection : str, optional
        As the case has it.
    has_mask : bool, optional
        Whether there is any mask, of a reader or of a model.
    role : str, optional
        Someone in this role has saved a mask of the case.
    """

    state: State | None = None
    split: Split | None = None
    collection: str | None = None
    has_mask: bool | None = None
    role: str | None = None

    def keeps(self, record: CaseRecord) -> bool:
        """Whether a case is shown."""
        return (
            self.state in (None, record.state)
            and self.split in (None, record.split)
            and self.collection in (None, record.collection)
            and self.has_mask in (None, bool(record.versions))
            and (self.role is None or self.role in {v.role for v in record.versions})
        )


@dataclass(frozen=True)
class Tally:
    """How far the work is.

    Parameters
    ----------
    by_state : dict of str to int
        Cases in each state, empty ones too.
    """

    by_state: dict[State, int]

    @property
    def total(self) -> int:
        """All cases."""
        return sum(self.by_state.values())

    @property
    def done(self) -> int:
        """Finished cases."""
        return self.by_state["done"]

    def __str__(self) -> str:
        """Tell it as ``12 of 40 done, 3 in progress``."""
        others = (
            f"{self.by_state[state]} {state}"
            for state in ("in progress", "flagged")
            if self.by_state[state]
        )
        return ", ".join((f"{self.done} of {self.total} done", *others))


@dataclass(frozen=True)
class NextCase:
    """A case to read, and why this one."""

    case_id: str
    reason: str


def tally(records: Iterable[CaseRecord]) -> Tally:
    """Count cases by their state."""
    counts = Counter(record.state for record in records)
    return Tally({state: counts[state] for state in STATES})


def confidence_in(record: CaseRecord) -> float | None:
    """Tell how sure the newest model was, in [0, 1].

    Returns
    -------
    float or None
        None where a reader answers for a mask, where no model outlined the case,
        or where the model did not tell.
    """
    newest = record.newest(("model",))
    if newest is None or record.newest(TRUSTED) is not None:
        return None
    return newest.confidence


def in_order(records: Iterable[CaseRecord], order: Order) -> tuple[CaseRecord, ...]:
    """Sort cases.

    Parameters
    ----------
    records : iterable of CaseRecord
        In any order.
    order : {"order", "uncertainty", "state"}
        By id.  Or those first of which a model was least sure, then those that
        nobody outlined, and last what a reader outlined.  Or what was begun, what
        is new, what is flagged, what is done.  Ids settle a tie.
    """
    return tuple(sorted(records, key=_KEYS[order]))


def next_case(
    records: Sequence[CaseRecord],
    current: str | None,
    order: Order,
    skipped: Collection[str] = (),
) -> NextCase | None:
    """Choose the open case to read after the current one.

    Parameters
    ----------
    records : sequence of CaseRecord
        The cases to choose from, in any order.
    current : str or None
        Id of the case in front; it is not chosen.
    order : {"order", "uncertainty", "state"}
        See `in_order`.  By id, the search goes on after the current case.
    skipped : collection of str
        Ids that were put off; they come when no other case is open.

    Returns
    -------
    NextCase or None
        None if no other case is open.
    """
    candidates = [
        record
        for record in in_order(records, order)
        if record.state in OPEN_STATES and record.case_id != current
    ]
    fresh = [record for record in candidates if record.case_id not in skipped]
    if not candidates:
        return None
    chosen = _first(fresh or candidates, current, order)
    if not fresh:
        return NextCase(chosen.case_id, "skipped before; no other case is open")
    return NextCase(chosen.case_id, _REASONS[order](chosen, _of(len(fresh))))


def _first(
    candidates: Sequence[CaseRecord], current: str | None, order: Order
) -> CaseRecord:
    after = (one for one in candidates if current and one.case_id > current)
    return next(after, candidates[0]) if order == "order" else candidates[0]


def _of(count: int) -> str:
    return f"of {count} open case{'s' if count > 1 else ''}"


def _by_certainty(record: CaseRecord) -> tuple[int, float, str]:
    sure = confidence_in(record)
    answered = record.newest(TRUSTED) is not None
    rank = 2 if answered else 0 if sure is not None else 1
    return rank, sure or 0.0, record.case_id


def _why_uncertain(record: CaseRecord, of_how_many: str) -> str:
    sure = confidence_in(record)
    if sure is not None:
        return f"least certain {of_how_many} (confidence {sure:.2f})"
    if not record.versions:
        return f"no mask yet, first {of_how_many}"
    if record.newest(TRUSTED) is not None:
        return f"outlined by a reader but not done, first {of_how_many}"
    return f"its model told no confidence, first {of_how_many}"


def _why_state(record: CaseRecord, of_how_many: str) -> str:
    begun = "begun before" if record.state == "in progress" else record.state
    return f"{begun}, first {of_how_many}"


_KEYS: dict[Order, Callable[[CaseRecord], tuple[int | float | str, ...]]] = {
    "order": lambda record: (record.case_id,),
    "uncertainty": _by_certainty,
    "state": lambda record: (_STATE_ORDER.index(record.state), record.case_id),
}
_REASONS: dict[Order, Callable[[CaseRecord, str], str]] = {
    "order": lambda _, of_how_many: f"next {of_how_many}",
    "uncertainty": _why_uncertain,
    "state": _why_state,
}
