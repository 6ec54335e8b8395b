"""Means over cases with their intervals, as plain values for a report."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from covseg_core.metrics.intervals import (
    bootstrap_interval,
    compare_paired,
    mean_interval,
)
from covseg_core.metrics.scores import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CaseScores", "compare_cases", "plain", "summarise", "targets_of"]


@dataclass(frozen=True)
class CaseScores:
    """The measures of one case.

    Parameters
    ----------
    name : str
        Of the file without its ending, with its slice where slices are judged.
    patient : str
        Whose case it is; never written out, as it may identify somebody.
    scores : dict
        Of `scores.score_case`; a class that is no part of this case is absent.
    """

    name: str
    patient: str
    scores: dict[str, dict[str, float]]


def targets_of(cases: Sequence[CaseScores]) -> tuple[str, ...]:
    """List what is scored in any case, infection first."""
    return tuple(dict.fromkeys(key for case in cases for key in case.scores))


def summarise(
    cases: Sequence[CaseScores], protocol: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """Average each measure of each target over the cases in which it is defined.

    Returns
    -------
    dict
        Target, then measure, then ``mean``, ``low`` and ``high`` (1.96 standard
        errors), ``bootstrap_low`` and ``bootstrap_high`` (over patients), ``n``
        cases and how many are ``undefined``.  A measure that no case has is absent.
    """
    means: dict[str, dict[str, dict[str, Any]]] = {}
    for target in targets_of(cases):
        scored = [case for case in cases if target in case.scores]
        means[target] = {
            measure: _mean_of(scored, target, measure)
            for measure in MEASURES[protocol]
            if any(measure in case.scores[target] for case in scored)
        }
    return means


def compare_cases(
    before: Sequence[CaseScores], after: Sequence[CaseScores], protocol: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """Compare two models on the same cases, measure by measure.

    Returns
    -------
    dict
        Target, then measure, then the fields of `intervals.PairedComparison`.

    Raises
    ------
    ValueError
        If the cases are not the same.
    """
    if [case.name for case in before] != [case.name for case in after]:
        raise ValueError("both models must be scored on the same cases.")
    patients = [case.patient for case in after]
    shared = [key for key in targets_of(after) if key in targets_of(before)]
    compared: dict[str, dict[str, dict[str, Any]]] = {}
    for target in shared:
        compared[target] = {}
        for measure in MEASURES[protocol]:
            first, second = (_values(each, target, measure) for each in (before, after))
            if _any_defined(first) and _any_defined(second):
                compared[target][measure] = asdict(
                    compare_paired(first, second, patients)
                )
    return compared


def plain(value: Any) -> Any:
    """Replace every NaN in nested dicts and lists by None, which JSON can say."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _mean_of(
    cases: Sequence[CaseScores], target: str, measure: str
) -> dict[str, float | int]:
    values = _values(cases, target, measure)
    normal = mean_interval(values)
    resampled = bootstrap_interval(values, [case.patient for case in cases])
    return {
        "mean": normal.mean,
        "low": normal.low,
        "high": normal.high,
        "bootstrap_low": resampled.low,
        "bootstrap_high": resampled.high,
        "n": normal.n,
        "undefined": len(values) - normal.n,
    }


def _values(cases: Sequence[CaseScores], target: str, measure: str) -> list[float]:
    return [case.scores.get(target, {}).get(measure, math.nan) for case in cases]


def _any_defined(values: list[float]) -> bool:
    return any(not math.isnan(value) for value in values)
