"""Ask the model of a fold as it was asked when the fold was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from document import RESULTS, read_results
from predicting import Judge

from covseg_core.errors import ModelRefusedError
from covseg_core.registry.store import LUNGS_MODEL, find_model
from covseg_core.registry.weights import LoadedModel, load_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covseg_core.cases.reading import CaseReader

__all__ = ["finder_of", "judge_of"]


def judge_of(store: CaseReader, results: Mapping[str, Any], fold: int) -> Judge:
    """Make a judge of a fold's model, with the lungs found as they were.

    Parameters
    ----------
    store : CaseReader
        All cases.
    results : mapping
        From `document.read_results`.
    fold : int
        Which of the folds that are in them.

    Raises
    ------
    ModelRefusedError
        If the model is not there, or not the one that was judged.
    """
    entry = find_model(f"{results['name']}-fold{fold}")
    if entry.card.weights_sha256 != results["weights"][str(fold)]:
        raise ModelRefusedError(
            f"{entry.card.name!r} was trained again after the results were written; "
            "run cross_validate.py again."
        )
    model = load_model(entry)
    answers = {k: v for k, v in results["answers"].items() if k != "prepare"}
    card = model.card.model_copy(update=answers)
    finder = finder_of(results["lungs_found_by"], fold)
    return Judge(store, LoadedModel(card, model.network), finder)


def finder_of(pattern: str, fold: int) -> LoadedModel | None:
    """Load what finds the lungs for a fold, at the threshold that was chosen for it.

    Parameters
    ----------
    pattern : str
        Name of the model with ``{fold}`` in it; empty for none.
    fold : int
        Which fold.
    """
    if not pattern:
        return None
    finder = load_model(find_model(pattern.format(fold=fold)))
    results = read_results(RESULTS / f"{LUNGS_MODEL}.json")
    told = {"threshold": results["threshold"]["best"]}
    return LoadedModel(finder.card.model_copy(update=told), finder.network)
