"""The file that a cross-validation leaves in ``docs/results``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import said
from folds import FOLDS
from summary import reliability_of, summarise_sources, threshold_of

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covseg_core.registry.card import ModelCard

__all__ = [
    "RESULTS",
    "log_beside",
    "make_document",
    "read_results",
    "region_of",
    "render",
]

RESULTS = Path(__file__).parents[1] / "docs" / "results"

FORMAT = 1
ANSWERS = said.ANSWERS | {"prepare", "temperature"}


def log_beside(results: Path) -> Path:
    """Name the file of the log of the training on all cases, beside its results."""
    return results.with_suffix(".log.csv")


def make_document(
    card: ModelCard,
    facts: Mapping[str, Any],
    before: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Sum a cross-validation up.

    Parameters
    ----------
    card : ModelCard
        As the models of the folds answered in `rows`, with their temperature.
    facts : mapping
        Name, recipe and the like; stands first.
    before : sequence of dict
        The held-out cases as answered without a temperature.
    rows : sequence of dict
        The same cases as answered in the end, with ``fold``.
    """
    counted = reliability_of(rows)
    region = region_of(card.label_set)
    return {
        "format": FORMAT,
        **facts,
        "of_folds": len(FOLDS),
        "label_set": card.label_set,
        "architecture": card.architecture,
        "answers": card.model_dump(mode="json", include=set(ANSWERS)),
        "threshold": threshold_of(rows),
        "calibration": {
            "ece_before": round(reliability_of(before).ece(), 5),
            **counted.for_card(region),
            "temperature": card.temperature,
        },
        "sources": summarise_sources(rows),
        "cases": [_without_counts(row) for row in rows],
    }


def region_of(label_set: str) -> str:
    """Name the voxels whose probabilities are checked, see `predicting.Judge.truth`."""
    if label_set == "lungs":
        return "whole scans"
    return "within the lungs as a reader outlined them; pictures whole"


def render(document: dict[str, Any]) -> str:
    """Write a document as JSON, with a line for each fact, source and case."""
    lines = (f" {_json(key)}: {_value(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_results(file: Path) -> dict[str, Any]:
    """Read what `render` wrote.

    Raises
    ------
    InputRefusedError
        If it cannot be read, or another program wrote it.
    """
    try:
        results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        known = results.get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        known = False
    if not known:
        raise InputRefusedError(
            f"the results {file.name} cannot be read; make them with cross_validate.py."
        )
    return results


def _value(value: Any) -> str:
    """Write what holds other things with one of them on each line."""
    if isinstance(value, dict) and any(
        isinstance(each, dict) for each in value.values()
    ):
        parts = [f"  {_json(key)}: {_json(each)}" for key, each in value.items()]
        return "{\n" + ",\n".join(parts) + "\n }"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_json(each)}" for each in value) + "\n ]"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _without_counts(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _bare(value) for key, value in row.items()}


def _bare(value: Any) -> Any:
    """Leave the fine counts of an answer out, which are many."""
    if not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if key != "reliability"}
