"""The model at the end of the rounds, and what its card tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.cases.freeze import TrainingManifest
from covseg_core.learn.planning import with_data
from covseg_core.registry.weights import LoadedModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.rounds.data import RoundsData
    from covseg_core.learn.rounds.learner import Learner
    from covseg_core.learn.rounds.standing import Round
    from covseg_core.registry.card import ModelCard

__all__ = ["finished_model"]


def finished_model(
    store: CaseStore, learner: Learner, data: RoundsData, seconds: float
) -> LoadedModel:
    """Take the best weights, or the last ones, and say how they came about.

    Parameters
    ----------
    store : CaseStore
        That all cases lie in.
    learner : Learner
        After its last stage.
    data : RoundsData
        What it learnt from.
    seconds : float
        Since the run was started or taken up.
    """
    plan, standing, best = learner.plan, learner.standing, learner.best
    metrics: dict[str, Any] = {}
    if best.epoch:
        learner.network.load_state_dict(best.weights)
        score = round(best.score, 4)
        metrics = {"validation_dice": score, "best_stage": standing.best_stage}
    pseudo = TrainingManifest(cases=_in_order(one.case for one in standing.taken))
    facts = {
        "settings": plan.settings.model_dump(mode="json"),
        "epochs_run": standing.epochs,
        "seconds_of_last_start": round(seconds, 1),
        "device": str(learner.fabric.device),
        "weights_from": plan.weights_from,
        "cases": [case.image_sha256 for case in plan.manifest.of_split("train")],
        "pseudo_cases": [case.image_sha256 for case in pseudo.cases],
        "true_slices": data.true_slices,
        "pseudo_slices": data.pseudo_slices,
        "rounds": [_told(one) for one in standing.rounds],
    }
    change = {"metrics": metrics, "training": facts, "data_sha256": _digest(learner)}
    card = with_data(plan.card, pseudo, store, "pseudo-labelled cases")
    card = _summarised(card.model_copy(update=change), len(standing.rounds))
    return LoadedModel(card, learner.network.eval())


def _digest(learner: Learner) -> str:
    """Hash the manifest of all that was learnt from, pseudo-labels too."""
    taken = (one.case for one in learner.standing.taken)
    cases = _in_order((*learner.plan.manifest.cases, *taken))
    return TrainingManifest(cases=cases).sha256


def _in_order(cases: Iterable[FrozenCase]) -> tuple[FrozenCase, ...]:
    return tuple(sorted(cases, key=lambda case: case.case_id))


def _summarised(card: ModelCard, rounds: int) -> ModelCard:
    summary = f"{card.parent}, self-trained in {rounds} rounds of pseudo-labels."
    return card.model_copy(update={"summary": summary})


def _told(done: Round) -> dict[str, Any]:
    sure = [one.confidence for one in done.taken]
    return {
        "weights_sha256": done.weights_sha256,
        "cases": len(done.taken),
        "slices": sum(one.slices for one in done.taken),
        "unsure": len(done.unsure),
        "mean_confidence": round(sum(sure) / len(sure), 4) if sure else None,
    }
