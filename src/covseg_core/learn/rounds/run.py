"""A model that teaches itself: label a group, learn from it, label the next.

The rounds are those of Fan et al., "Inf-Net" (2020), and of the baseline U-Net+PL
in the StichNet paper (its Algorithm 1); `SelfTrainSettings.recipe` says which.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias

from covseg_core.cases.freeze import freeze_version
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.progress import Progress
from covseg_core.learn.compare import Compared
from covseg_core.learn.learn import conclude
from covseg_core.learn.plan import beginning, discard_run, run_folder
from covseg_core.learn.pseudo import Labelled, Labeller
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.learn.rounds.data import RoundsData
from covseg_core.learn.rounds.finish import finished_model
from covseg_core.learn.rounds.learner import Learner, Stage, weights_digest
from covseg_core.learn.rounds.standing import Round, Taken, next_group
from covseg_core.learn.slices import Prepared
from covseg_core.registry.locking import locked
from covseg_core.registry.weights import LoadedModel
from covseg_core.training.devices import make_fabric
from covseg_core.training.fit import Step

if TYPE_CHECKING:
    from collections.abc import Generator

    from lightning_fabric import Fabric

    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.learn import Outcome
    from covseg_core.learn.rounds.plan import RoundsPlan

__all__ = ["RoundsEvent", "self_train"]

RoundsEvent: TypeAlias = Prepared | Progress | Labelled | Stage | Step | Compared

LAST_STAGES = {"u-net": (), "inf-net": ("pseudo-labels", "true-labels")}


def self_train(
    store: CaseStore, plan: RoundsPlan, *, resume: bool = False
) -> Generator[RoundsEvent, None, Outcome]:
    """Train in rounds of pseudo-labels, compare with the parent, promote if it may.

    Parameters
    ----------
    store : CaseStore
        That the cases of the plan lie in; gets the pseudo-labels.
    plan : RoundsPlan
        What to do; from `plan_rounds`, or `read_plan_as` to go on.
    resume : bool
        Go on with a run that was stopped.

    Yields
    ------
    Prepared, Progress, Labelled, Stage, Step or Compared
        What has been done; stop iterating to stop, and go on later.

    Raises
    ------
    InputRefusedError
        If no scan reaches the least confidence, or a case with true labels cannot be
        read or its lungs are not found; a run that was to begin is discarded then.
    UsageError
        If several processes were started.
    OutputError
        If another process is at this run, or something could not be written.
    """
    fabric = make_fabric(plan.settings)
    if fabric.world_size > 1:
        raise UsageError("rounds run in one process; start covseg without torchrun.")
    with locked(run_folder(plan.name), patience_s=0):
        return (yield from _course(store, plan, fabric, resume))


def _course(
    store: CaseStore, plan: RoundsPlan, fabric: Fabric, resume: bool
) -> Generator[RoundsEvent, None, Outcome]:
    begun = time.monotonic()
    data = RoundsData(store, plan, run_folder(plan.name) / "slices")
    with nullcontext() if resume else beginning(plan):
        yield from data.add_true()
    learner = Learner(plan, fabric)
    for done in learner.standing.rounds:
        yield from data.add_round(done)
    while not learner.standing.rounds_are_over:
        yield from _round(store, learner, data)
    if not learner.standing.taken:
        discard_run(plan.name)
        raise _nothing_taken(plan)
    names = LAST_STAGES[plan.settings.recipe][learner.standing.last_stages :]
    for name in names:
        yield from _last_stage(name, learner, data)
    model = finished_model(store, learner, data, time.monotonic() - begun)
    return (yield from conclude(store, plan, model))


def _round(
    store: CaseStore, learner: Learner, data: RoundsData
) -> Generator[RoundsEvent, None, None]:
    """Label a group with the network as it is, and learn from all that there is."""
    done = yield from _label_group(store, learner)
    settings = learner.plan.settings
    if done.taken:
        yield from data.add_round(done)
        name, counts = (
            f"round-{done.number:04d}",
            (data.true_slices, data.pseudo_slices),
        )
        stage = Stage(name, settings.epochs, *counts)
        yield stage
        # Where nothing follows the rounds, they are what validation chooses from.
        judge = None if LAST_STAGES[settings.recipe] else data.validation
        yield from learner.train(stage, data.both, judge)
    learner.keep(learner.standing.after_round(done))


def _label_group(
    store: CaseStore, learner: Learner
) -> Generator[Progress | Labelled, None, Round]:
    plan, standing = learner.plan, learner.standing
    number = len(standing.rounds) + 1
    labeller = _labeller(learner, number)
    taken: list[Taken] = []
    unsure: list[str] = []
    dropped: list[str] = []
    for case_id in next_group(standing.waiting, plan.queue, plan.settings.group):
        label = yield from labeller.label_case(store, case_id)
        if label.result in ("labelled", "known"):
            taken.append(_taken(store, plan, label))
        else:
            (unsure if label.result == "unsure" else dropped).append(case_id)
        yield label
    return Round(
        number=number,
        weights_sha256=labeller.model.card.weights_sha256,
        taken=tuple(taken),
        unsure=tuple(unsure),
        dropped=tuple(dropped),
    )


def _labeller(learner: Learner, number: int) -> Labeller:
    plan = learner.plan
    digest = weights_digest(learner.network.state_dict())
    card = plan.card.model_copy(update={"weights_sha256": digest})
    settings = PseudoSettings(
        device=plan.settings.device, confidence=plan.settings.confidence
    )
    name = f"{plan.name}, round {number}"
    return Labeller(LoadedModel(card, learner.network), settings, name)


def _taken(store: CaseStore, plan: RoundsPlan, label: Labelled) -> Taken:
    if label.case_id is None or label.version is None or label.confidence is None:
        raise TypeError("a scan that is labelled has a case, a mask and a confidence.")
    record = store.read(label.case_id)
    slices = {each.case_id: each.slices for each in plan.queue}
    return Taken(
        case=freeze_version(record, record.version(label.version)),
        confidence=label.confidence,
        slices=slices[label.case_id],
    )


def _last_stage(
    name: str, learner: Learner, data: RoundsData
) -> Generator[RoundsEvent, None, None]:
    """Train on the pseudo-labels alone, or on the true labels alone."""
    epochs = learner.plan.settings.last_epochs
    if name == "pseudo-labels":
        stage, slices = Stage(name, epochs, 0, data.pseudo_slices), data.pseudo
    else:
        stage, slices = Stage(name, epochs, data.true_slices, 0), data.true
    yield stage
    yield from learner.train(stage, slices, data.validation)
    standing = learner.standing
    last = standing.last_stages + 1
    learner.keep(standing.model_copy(update={"last_stages": last}))


def _nothing_taken(plan: RoundsPlan) -> InputRefusedError:
    return InputRefusedError(
        f"none of {len(plan.queue)} scans could be learnt from: the network is less "
        f"sure of each than --confidence {plan.settings.confidence:g}, or they were "
        "outlined, flagged or refused meanwhile. Choose a lower --confidence, or "
        "another --parent."
    )
