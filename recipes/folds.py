"""Five folds by patient, and plans that hold one of them out.

Labelled slices go in blocks of ten in the order of their files, as pictures that lie
next to one another may be of one patient.  MedSeg 02 and 03 are two scans of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.learn.plan import RunPlan

__all__ = ["FOLDS", "fold_of", "in_fold", "name_in"]

VOLUMES = (
    ("medseg-01", "lctsc-101"),
    ("medseg-06", "lctsc-102"),
    ("medseg-05", "lctsc-103"),
    ("medseg-08",),
    ("medseg-02", "medseg-03", "lctsc-104"),
)
FOLDS = tuple(
    (*(f"slice-{10 * fold + place:02d}" for place in range(10)), *volumes)
    for fold, volumes in enumerate(VOLUMES)
)
"""The ids of the cases that each fold holds out, as `make_store.py` gives them."""


def fold_of(case_id: str) -> int | None:
    """Tell which fold holds a case out; None if it is always learnt from."""
    return next((fold for fold, cases in enumerate(FOLDS) if case_id in cases), None)


def name_in(name: str, fold: int | None) -> str:
    """Name the model of a fold: ``NAME-fold3``; without a fold the name stays."""
    return name if fold is None else f"{name}-fold{fold}"


def in_fold(plan: RunPlan, fold: int) -> RunPlan:
    """Hold one fold out of a plan and learn from all else.

    Parameters
    ----------
    plan : RunPlan
        For all cases of a store.
    fold : int
        0 to 4.

    Returns
    -------
    RunPlan
        Called ``NAME-fold3``; its parent only gives weights, as what is judged here
        is not to become the default.

    Raises
    ------
    UsageError
        If no case is in that fold, none is left to learn from, a patient would be on
        both sides, or the parent has learnt from what is held out.
    """
    cases = tuple(_put(case, fold) for case in plan.manifest.cases)
    manifest = plan.manifest.model_copy(update={"cases": cases})
    held_out, learnt = manifest.of_split("held-out"), manifest.learnt_from
    if not held_out or not manifest.of_split("train"):
        raise UsageError(
            f"fold {fold} has {len(held_out)} of {len(cases)} cases; it needs some to "
            "hold out and some to learn from. Fill the store with make_store.py."
        )
    if {case.patient for case in held_out} & {case.patient for case in learnt}:
        raise UsageError(
            f"a patient of fold {fold} has cases outside it; put all cases of a "
            "patient into one fold."
        )
    _require_unseen(plan, {case.case_id for case in held_out})
    name = name_in(plan.name, fold)
    told = f"Fold {fold} of {len(FOLDS)}: {len(learnt)} cases."
    card = plan.card.model_copy(
        update={"name": name, "data": (told,), "data_sha256": manifest.sha256}
    )
    return plan.model_copy(
        update={"name": name, "card": card, "manifest": manifest, "parent": None}
    )


def _put(case: FrozenCase, fold: int) -> FrozenCase:
    split = "held-out" if fold_of(case.case_id) == fold else "train"
    return case.model_copy(update={"split": split})


def _require_unseen(plan: RunPlan, held_out: set[str]) -> None:
    if seen := sorted(held_out & set(plan.old_cases)):
        raise UsageError(
            f"the parent {plan.weights_from!r} has learnt from {', '.join(seen)}; "
            "train it anew without the fold."
        )
