"""One turn of the circle: cases in, a model out, compared and perhaps promoted."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from covseg_core.io.atomic import write_json
from covseg_core.learn.compare import Compared, Comparison, compare_models
from covseg_core.learn.drawing import drawn_weights
from covseg_core.learn.logged import logged
from covseg_core.learn.origin import find_parent, first_network
from covseg_core.learn.plan import (
    OUTCOME,
    beginning,
    discard_run,
    require_own_name,
    run_folder,
)
from covseg_core.learn.slices import Prepared, prepare_cases
from covseg_core.registry.locking import locked
from covseg_core.registry.promotion import OUTLINES, promote
from covseg_core.registry.store import models_folder
from covseg_core.registry.weights import LoadedModel, load_model, save_model
from covseg_core.training.checkpoint import Checkpoints
from covseg_core.training.devices import first_process_first, make_fabric
from covseg_core.training.fit import Step
from covseg_core.training.mixing import mix_weights
from covseg_core.training.start import Training, start
from covseg_core.training.validate import validation_score

if TYPE_CHECKING:
    from collections.abc import Generator

    from lightning_fabric import Fabric

    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.plan import RunPlan
    from covseg_core.registry.store import ModelEntry
    from covseg_core.training.data import TrainingSlices

__all__ = ["LearnEvent", "Outcome", "conclude", "decide", "learn"]

LearnEvent: TypeAlias = Prepared | Step | Compared
KEPT = ("run.json", "log.csv", "log.jsonl", "rounds.jsonl", "tensorboard", OUTCOME)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Parameters
    ----------
    model : ModelEntry
        The new model, in the user's store.
    comparison : Comparison or None
        On the held-out cases; None if the store has none.
    promoted : bool
        Whether it is what `predict` runs from now on.
    reason : str
        Why, or why not, in a sentence.
    """

    model: ModelEntry
    comparison: Comparison | None
    promoted: bool
    reason: str

    @property
    def is_worse(self) -> bool:
        """Whether it was held back because its parent is better."""
        worse = self.comparison is not None and self.comparison.is_worse
        return worse and not self.promoted

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        table = None if self.comparison is None else self.comparison.as_dict()
        return {
            "model": self.model.card.name,
            "weights_sha256": self.model.card.weights_sha256,
            "promoted": self.promoted,
            "worse": self.is_worse,
            "reason": self.reason,
            "held_out": table,
        }


def learn(
    store: CaseReader, plan: RunPlan, *, resume: bool = False
) -> Generator[LearnEvent, None, Outcome | None]:
    """Train a model on the cases of a plan, compare it, and promote it if it may.

    Parameters
    ----------
    store : CaseReader
        That the cases of the plan lie in.
    plan : RunPlan
        What to do; from `make_plan`, or `read_plan` to go on.
    resume : bool
        Go on with a run that was stopped.

    Yields
    ------
    Prepared, Step or Compared
        What has been done; stop iterating to stop, and go on later.

    Returns
    -------
    Outcome or None
        None in every process but the first, if several train together.

    Raises
    ------
    InputRefusedError
        If a case cannot be learnt from; a run that was to begin is discarded then.
    UsageError
        If another model took the name of the new one, or of its parent.
    OutputError
        If another process is at this run, or something could not be written.
    """
    fabric = make_fabric(plan.settings)
    alone = locked(run_folder(plan.name), patience_s=0)
    with alone if fabric.is_global_zero else nullcontext():
        return (yield from _turn(store, plan, fabric, resume))


def _turn(
    store: CaseReader, plan: RunPlan, fabric: Fabric, resume: bool
) -> Generator[LearnEvent, None, Outcome | None]:
    begun = time.monotonic()
    begins = fabric.is_global_zero and not resume
    with beginning(plan) if begins else nullcontext():
        fabric.barrier()
        data = yield from _slices(store, plan, fabric)
    checkpoints = Checkpoints(run_folder(plan.name))
    training = _start(plan, fabric, checkpoints, *data)
    yield from logged(training, checkpoints, plan.settings.checkpoint_s, fabric)
    if not fabric.is_global_zero:
        return None
    seconds = time.monotonic() - begun
    model = _finished(plan, training, data[1], fabric, seconds)
    return (yield from conclude(store, plan, model))


def _slices(
    store: CaseReader, plan: RunPlan, fabric: Fabric
) -> Generator[Prepared, None, tuple[TrainingSlices, TrainingSlices | None]]:
    """Let the first process make the slices and the others open them."""
    folder = run_folder(plan.name) / "slices"
    manifest = plan.manifest
    validation = None
    with first_process_first(fabric):
        data, ids = yield from prepare_cases(
            store, manifest.learnt_from, plan, folder / "train"
        )
        if manifest.of_split("validation"):
            validation, _ = yield from prepare_cases(
                store, manifest.of_split("validation"), plan, folder / "validation"
            )
    weights = drawn_weights(data.weights, ids, plan)
    return replace(data, weights=weights), validation


def _start(
    plan: RunPlan,
    fabric: Fabric,
    checkpoints: Checkpoints,
    data: TrainingSlices,
    validation: TrainingSlices | None,
) -> Training:
    return start(
        first_network(plan),
        data,
        plan.card.prepare,
        plan.settings,
        fabric,
        validation=validation,
        state=checkpoints.load(),
    )


def _finished(
    plan: RunPlan,
    training: Training,
    validation: TrainingSlices | None,
    fabric: Fabric,
    seconds: float,
) -> LoadedModel:
    """Take the best weights and say in the card how they came about."""
    best, network = training.trainee.best, training.network
    if best.epoch:
        network.load_state_dict(best.weights)
    if plan.parent_share:
        mix_weights(network, first_network(plan), plan.parent_share)
    metrics: dict[str, Any] = {}
    if validation is not None:
        # The score of the best epoch is that of the weights before they were mixed.
        score = validation_score(network, validation, plan.card.prepare)
        metrics = {"validation_dice": round(score, 4), "best_epoch": best.epoch}
    facts = {
        "settings": plan.settings.model_dump(mode="json"),
        "epochs_run": training.epochs_done,
        "seconds_of_last_start": round(seconds, 1),
        "device": str(fabric.device),
        "processes": fabric.world_size,
        "weights_from": plan.weights_from or "random",
        "parent_share": plan.parent_share,
        "cases": [case.image_sha256 for case in plan.manifest.learnt_from],
    }
    card = plan.card.model_copy(update={"metrics": metrics, "training": facts})
    return LoadedModel(card, network.eval())


def conclude(
    store: CaseReader, plan: RunPlan, model: LoadedModel
) -> Generator[Compared, None, Outcome]:
    """Compare a trained model with its parent, store it, and promote it if it may.

    Parameters
    ----------
    store : CaseReader
        That the cases of the plan lie in.
    plan : RunPlan
        What was to be done; its run is over then.
    model : LoadedModel
        What came of it.

    Yields
    ------
    Compared
        Before every held-out case and at the end.

    Raises
    ------
    UsageError
        If another model took the name of the new one, or of its parent.
    """
    comparison = yield from _compare(store, plan, model)
    outcome = decide(plan, _save(plan, model, comparison), comparison)
    write_json(run_folder(plan.name) / OUTCOME, outcome.as_dict())
    discard_run(plan.name, but=KEPT)
    return outcome


def _compare(
    store: CaseReader, plan: RunPlan, model: LoadedModel
) -> Generator[Compared, None, Comparison | None]:
    held_out = plan.manifest.of_split("held-out")
    if not held_out:
        return None
    before = None
    if plan.parent is not None:
        before = load_model(find_parent(plan.parent, plan.card.parent_sha256))
    return (
        yield from compare_models(store, held_out, before, model, plan.settings.device)
    )


def _save(
    plan: RunPlan, model: LoadedModel, comparison: Comparison | None
) -> ModelEntry:
    require_own_name(plan)
    network, facts = model.network, {"plan_sha256": plan.sha256}
    card = model.card.model_copy(update={"training": model.card.training | facts})
    if comparison is not None:
        found = [case.after for case in comparison.cases]
        told = {
            "held_out_dice": round(sum(found) / len(found), 4),
            "held_out_cases": len(found),
        }
        card = card.model_copy(update={"metrics": card.metrics | told})
    state = {} if network is None else network.state_dict()
    return save_model(models_folder() / card.name, card, state)


def decide(plan: RunPlan, entry: ModelEntry, comparison: Comparison | None) -> Outcome:
    """Promote a model that is shown to be no worse than its parent."""
    by_hand = f"`covseg models promote {plan.name}` makes it the default"
    if plan.card.label_set not in OUTLINES:
        by_hand = f"`covseg lungs --model {plan.name}` runs it"
    if comparison is None:
        reason = f"there is no held-out case to judge it by; {by_hand}."
    elif plan.parent is None and not any(case.after for case in comparison.cases):
        reason = "it finds nothing right on the held-out cases; train it for longer."
    elif plan.parent is None:
        reason = f"it has no parent to be compared with; {by_hand}."
    elif comparison.is_worse:
        reason = f"its parent {plan.parent} is better on the held-out cases."
    elif plan.card.label_set not in OUTLINES:
        reason = f"it is no worse than its parent {plan.parent}; {by_hand}."
    else:
        promote(plan.name)
        reason = f"it is no worse than its parent {plan.parent} on the held-out cases."
        return Outcome(entry, comparison, promoted=True, reason=reason)
    return Outcome(entry, comparison, promoted=False, reason=reason)
