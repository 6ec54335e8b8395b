"""What the held-out cases of a cross-validation say together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from curve import HALF, THRESHOLDS, best_threshold

from covseg_core.metrics.calibration import Reliability
from covseg_core.metrics.intervals import bootstrap_interval
from covseg_core.metrics.summary import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "WAYS",
    "answer_of",
    "reliability_of",
    "summarise_sources",
    "temperature_of",
    "threshold_of",
]

Row = dict[str, Any]
WAYS = ("given", "found")
"""With the lungs given, and with the lungs found."""
GOOD_ECE = 0.01
STEPS = 101
PLAIN_MEASURES = ("dice", "mean_dice", "slice_auc", "held", "false_ml")


def answer_of(row: Mapping[str, Any]) -> Row:
    """Take what a user gets who outlined no lungs, of one case."""
    answer: Row = row["found"] if row["found"] is not None else row["given"]
    return answer


def summarise_sources(rows: Sequence[Row]) -> Row:
    """Average every measure over the cases of a source.

    Parameters
    ----------
    rows : sequence of dict
        Of `judged.judge_fold`.

    Returns
    -------
    dict
        For each source ``patients``, ``cases``, ``slices``, and for ``given`` and
        ``found`` each measure with ``mean``, ``low`` and ``high`` (95 % bootstrap
        interval by patient) and ``n`` cases; how many scans were ``refused``.
    """
    return {
        source: _source([row for row in rows if row["source"] == source])
        for source in sorted({row["source"] for row in rows})
    }


def threshold_of(rows: Sequence[Row]) -> Row:
    """Choose the threshold with the best mean, over sources, of their mean Dice.

    Returns
    -------
    dict
        ``best``, and the mean Dice with it and with 0.5.

    Raises
    ------
    ValueError
        If there is nothing to find in any case.
    """
    curves: dict[str, list[list[float]]] = {}
    for row in rows:
        if (curve := answer_of(row).get("curve")) is not None:
            curves.setdefault(row["source"], []).append(curve)
    means = [np.mean(each, axis=0) for each in curves.values()]
    best = best_threshold(means)
    mean = np.mean(means, axis=0)
    at_best = float(mean[THRESHOLDS.searchsorted(best)])
    return {
        "best": best,
        "mean_dice": round(at_best, 4),
        "mean_dice_at_half": round(float(mean[HALF]), 4),
    }


def reliability_of(rows: Iterable[Row]) -> Reliability:
    """Add up how probabilities agreed with the truth."""
    told = (answer_of(row).get("reliability") for row in rows)
    counts = (Reliability.from_dict(each) for each in told if each is not None)
    return sum(counts, Reliability.nothing())


def temperature_of(rows: Iterable[Row]) -> float:
    """Find the mildest temperature with which the probabilities of all cases agree.

    What a temperature above 1 mends it takes from the contrast between lesion and lung,
    so it goes from 1 towards the likeliest one only until the expected calibration
    error is `GOOD_ECE`, or, where it never is, as low as it gets.
    """
    counted = reliability_of(rows)
    way = np.geomspace(1, counted.best_temperature(), STEPS)
    errors = [counted.ece(each) for each in way]
    enough = max(GOOD_ECE, min(errors))
    first = next(at for at, error in enumerate(errors) if error <= enough)
    return round(float(way[first]), 3)


def _source(rows: Sequence[Row]) -> Row:
    return {
        "patients": len({row["patient"] for row in rows}),
        "cases": len(rows),
        "slices": sum(row["slices"] for row in rows),
        **{way: _way([row for row in rows if row[way]], way) for way in WAYS},
    }


def _way(rows: Sequence[Row], way: str) -> Row | None:
    if not rows:
        return None
    answers = [row[way] for row in rows]
    keys = dict.fromkeys(key for each in answers for key in each.get("classes", {}))
    values = {key: [each.get(key) for each in answers] for key in PLAIN_MEASURES}
    for key in keys:
        values[key] = [each.get("classes", {}).get(key) for each in answers]
    patients = [row["patient"] for row in rows]
    measures = {key: _interval(each, patients) for key, each in values.items()}
    known = {key: each for key, each in measures.items() if each is not None}
    return {**known, "refused": sum("refused" in each for each in answers)}


def _interval(values: Sequence[float | None], patients: Sequence[str]) -> Row | None:
    """Average what is known; None if nothing is."""
    numbers = [math.nan if value is None else value for value in values]
    whole = bootstrap_interval(numbers, patients)
    if not whole.n:
        return None
    ends = {"mean": whole.mean, "low": whole.low, "high": whole.high}
    told = {key: round(end, 4) for key, end in ends.items()}
    return {**plain(told), "n": whole.n}
