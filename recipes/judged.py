"""Judge the held-out cases of a fold, each once: what was judged is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from document import ANSWERS

from covseg_core.cases.seal import digest_of
from covseg_core.io.atomic import write_json
from covseg_core.learn.plan import run_folder
from covseg_core.metrics.summary import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from predicting import Judge

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.plan import RunPlan
    from covseg_core.registry.card import ModelCard

__all__ = ["judge_fold", "source_of"]

FORMAT = 5
"""Another number makes all cases be judged anew."""
ANSWER = ANSWERS | {"weights_sha256", "threshold"}


def judge_fold(
    judge: Judge, plan: RunPlan, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Score a model on the cases that its plan held out.

    Parameters
    ----------
    judge : Judge
        With the model as it is to answer.
    plan : RunPlan
        That the model was trained by.
    say : callable
        Told of each case that is judged now.

    Returns
    -------
    list of dict
        What `Judge.judge` tells, with ``case``, ``patient`` (the id of the patient's
        first case) and ``source``.
    """
    folder = run_folder(plan.name) / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    firsts = _firsts(plan)
    rows = []
    for case in plan.manifest.of_split("held-out"):
        file = folder / f"{case.case_id}.{_key(judge, case)[:12]}.json"
        scores = _judged(judge, case, file, say)
        source = source_of(judge.store, case.case_id)
        facts = {"case": case.case_id, "patient": firsts[case.patient]}
        rows.append({**facts, "source": source, **scores})
    return rows


def source_of(store: CaseReader, case_id: str) -> str:
    """Name the collection of a case, and whether it is a picture or a volume."""
    record = store.read(case_id)
    shape = store.grid(case_id).shape
    kind = "pictures" if shape[0] == 1 and not record.is_hu else "volumes"
    return f"{record.collection or 'no collection'}: {kind}"


def _judged(
    judge: Judge, case: FrozenCase, file: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    if not file.is_file():
        say(case.case_id)
        write_json(file, plain(judge.judge(case.case_id, case.version)))
    scores: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return scores


def _firsts(plan: RunPlan) -> dict[str, str]:
    """Name each patient by the first of his cases; pseudonyms differ by store."""
    firsts: dict[str, str] = {}
    for case in plan.manifest.cases:
        firsts.setdefault(case.patient, case.case_id)
    return firsts


def _key(judge: Judge, case: FrozenCase) -> str:
    finder = judge.lungs_model
    return digest_of(
        {
            "format": FORMAT,
            "answer": _answer(judge.model.card),
            "lungs": None if finder is None else _answer(finder.card),
            "truth": [case.ct_sha256, case.mask_sha256, case.lungs_sha256],
        }
    )


def _answer(card: ModelCard) -> dict[str, Any]:
    return card.model_dump(mode="json", include=set(ANSWER))
