"""Fix what a run in rounds is to do: its true labels, and its queue of scans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from pydantic import Field

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.candidates import admit, examine
from covseg_core.learn.config import NewModel
from covseg_core.learn.plan import RunPlan
from covseg_core.learn.planning import make_plan, refuse_idle
from covseg_core.learn.pseudo import require_infection
from covseg_core.learn.rounds.config import (
    SelfTrainSettings,  # noqa: TC001 - pydantic reads it
)
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.settings import Settings
from covseg_core.training.order import random_numbers
from covseg_core.transforms.orient import Orientation

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from covseg_core.cases.record import CaseRecord
    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.unlabelled import UnlabelledScan

__all__ = ["Gathered", "Queued", "RoundsPlan", "plan_rounds"]

_Item = TypeVar("_Item")


class Queued(Settings):
    """A scan that waits for its pseudo-label; `slices` are axial."""

    case_id: str
    slices: int = Field(ge=1)


class RoundsPlan(RunPlan):
    """What a run in rounds is to do.

    `manifest` holds the true labels; `queue` the unlabelled scans, in the order in
    which they are labelled.
    """

    settings: SelfTrainSettings
    queue: tuple[Queued, ...]


@dataclass(frozen=True)
class Gathered:
    """What became of an unlabelled scan before the first round.

    Parameters
    ----------
    scan : str
        Its name.
    slices, limit : int
        How many slices are gathered so far, and how many may be.
    case_id : str or None
        Its case; None if it is left out.
    reason : str
        Why it is left out.
    """

    scan: str
    slices: int
    limit: int
    case_id: str | None = None
    reason: str = ""


def plan_rounds(
    store: CaseStore,
    scans: Sequence[UnlabelledScan],
    name: str,
    parent: str,
    settings: SelfTrainSettings,
) -> Generator[Gathered, None, RoundsPlan]:
    """Draw unlabelled scans at random, make them cases, and fix what a run is to do.

    A scan that is no case yet becomes one of the training split.  Scans are drawn
    until there are `settings.limit` slices; the last one goes whole.

    Parameters
    ----------
    store : CaseStore
        With the true labels; gets scans and pseudo-labels.
    scans : sequence of UnlabelledScan
        What to draw from.
    name, parent : str
        Of the new model, and of the one that begins.
    settings : SelfTrainSettings
        How.

    Yields
    ------
    Gathered
        After every scan; stop iterating to stop.

    Raises
    ------
    UsageError
        If the name is taken or unfit, or what is asked for does not go with rounds.
    ModelRefusedError
        If the parent is not there, cannot be trained or finds no infection.
    InputRefusedError
        If there is no true label to learn from, or no scan that may be labelled.
    """
    _require_sense(settings)
    require_infection(find_model(parent).card)
    # What rounds have learnt is not mixed with what they began with.
    run = make_plan(store, name, NewModel(parent=parent, parent_share=0.0), settings)
    load_model(find_model(parent))
    queue = yield from _gather(store, _shuffled(scans, settings.seed), settings.limit)
    if not queue:
        raise InputRefusedError(
            f"none of the {len(scans)} unlabelled scans may be learnt from: each is "
            "outlined by a reader, in another split than train, flagged or unreadable."
        )
    manifest = run.manifest.model_copy(update={"unlabelled": ()})
    return RoundsPlan(**dict(run) | {"manifest": manifest, "queue": queue})


def _require_sense(settings: SelfTrainSettings) -> None:
    if settings.devices > 1:
        raise UsageError("rounds run on one device; leave --devices away.")
    if "unlabelled" in settings.model_fields_set:
        raise UsageError(
            "rounds learn from unlabelled scans by outlining them; leave --unlabelled "
            "away."
        )
    if settings.recipe == "u-net":
        refuse_idle(
            settings,
            {"last_epochs"},
            "--recipe u-net, which ends with the rounds; leave it away.",
        )


def _gather(
    store: CaseStore, scans: Sequence[UnlabelledScan], limit: int
) -> Generator[Gathered, None, tuple[Queued, ...]]:
    queue: dict[str, Queued] = {}
    slices = 0
    for scan in scans:
        if slices >= limit:
            break
        record, reason = _case_of(store, scan)
        if record is None or record.case_id in queue:
            yield Gathered(scan.name, slices, limit, reason=reason or "given twice")
            continue
        added = Queued(case_id=record.case_id, slices=_slices(store, record.case_id))
        queue[record.case_id] = added
        slices += added.slices
        yield Gathered(scan.name, slices, limit, record.case_id)
    return tuple(queue.values())


def _case_of(store: CaseStore, scan: UnlabelledScan) -> tuple[CaseRecord | None, str]:
    """Give the case of a scan, or the reason why it may not be learnt from."""
    try:
        found = examine(store, scan)
        if found.hindrance:
            return None, found.hindrance
        return admit(store, found, scan), ""
    except InputRefusedError as error:
        return None, str(error)


def _slices(store: CaseStore, case_id: str) -> int:
    return Orientation(store.grid(case_id)).standard_grid.shape[0]


def _shuffled(items: Sequence[_Item], seed: int) -> list[_Item]:
    order = torch.randperm(len(items), generator=random_numbers(seed, "queue"))
    return [items[index] for index in order.tolist()]
