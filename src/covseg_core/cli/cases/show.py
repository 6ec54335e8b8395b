"""`covseg cases list` and `covseg cases show`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from covseg_core.cases.record import TRUSTED, Split, State
from covseg_core.cli.output import say, say_json

if TYPE_CHECKING:
    from covseg_core.cases.record import CaseRecord, MaskVersion

__all__ = ["list_command", "show"]


def list_command(
    store: Path,
    /,
    *,
    state: State | None = None,
    split: Split | None = None,
    order: Literal["name", "confidence"] = "name",
    json: bool = False,
) -> None:
    """List cases with patient, split, state and newest mask.

    Parameters
    ----------
    store
        Folder of the case store.
    state
        Only cases in this state.
    split
        Only cases of this split.
    order
        By name, or those first of whose newest mask a model was least sure.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore

    records = [
        record
        for record in CaseStore(store).list_cases()
        if state in (None, record.state) and split in (None, record.split)
    ]
    if order == "confidence":
        records.sort(key=_confidence)
    if json:
        say_json([record.model_dump(mode="json") for record in records])
        return
    width = max((len(record.case_id) for record in records), default=0) + 2
    for record in records:
        newest = record.newest()
        mask = "-" if newest is None else f"{newest.number} {newest.source}"
        if newest is not None and newest.confidence is not None:
            mask += f" {newest.confidence:.3f}"
        say(
            f"{record.case_id:{width}}{record.patient:16}{record.split:12}"
            f"{record.state:13}{mask}"
        )


def _confidence(record: CaseRecord) -> float:
    """Order cases; what a person outlined, or nobody, comes last."""
    newest = record.newest()
    answered_for = record.newest(TRUSTED) is not None
    if answered_for or newest is None or newest.confidence is None:
        return math.inf
    return newest.confidence


def show(store: Path, case: str, /, *, json: bool = False) -> None:
    """Show a case and its masks.

    Parameters
    ----------
    store
        Folder of the case store.
    case
        Id of the case.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore

    record = CaseStore(store).read(case)
    if json:
        say_json(record.model_dump(mode="json"))
        return
    for key, value in record.model_dump(exclude={"versions"}).items():
        say(f"{key:16}{'-' if value in (None, '') else value}")
    say(f"{'masks':16}{len(record.versions) or 'none'}")
    for version in record.versions:
        say(f"  {_line(version)}")


def _line(version: MaskVersion) -> str:
    origin = "" if version.parent is None else f" of mask {version.parent}"
    facts = [
        f"{version.number}  {version.source}{origin}",
        version.label_set,
        version.model or "",
        "" if version.confidence is None else f"confidence {version.confidence:.3f}",
        version.role,
        f"{version.seconds_spent:g} s" if version.seconds_spent else "",
        version.created_utc,
        version.note,
    ]
    return ", ".join(fact for fact in facts if fact)
