"""Compare the models with a plain network on the cases that both were asked about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from summary import answer_of
from tables import table

from covseg_core.metrics.intervals import compare_paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["BASELINE", "against_baseline"]

BASELINE = "unet-baseline"
HEAD = ("model", "held out", "cases", "baseline", "model", "difference")


def against_baseline(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write a part of the page of results; nothing if the baseline is not among them.

    Parameters
    ----------
    documents : sequence of mapping
        From `document.read_results`.
    """
    baseline = next((each for each in documents if each["name"] == BASELINE), None)
    if baseline is None:
        return
    yield "## Against a plain network"
    yield ""
    yield (
        f"`{BASELINE}` is a U-Net with a larger encoder, trained once from random "
        "weights, and not bundled. The mean Dice at 0.5 of the cases that both models "
        "were asked about, as a user gets it who outlined no lungs, and the difference "
        "with its 95 % bootstrap interval by patient:"
    )
    yield ""
    others = (
        each
        for each in documents
        if each is not baseline and each["label_set"] != "lungs"
    )
    yield from table(HEAD, [row for each in others for row in _rows(baseline, each)])


def _rows(
    baseline: Mapping[str, Any], model: Mapping[str, Any]
) -> Iterator[tuple[str, ...]]:
    before, after = _dice(baseline), _dice(model)
    shared = [row for row in model["cases"] if before.get(row["case"]) is not None]
    shared = [row for row in shared if after[row["case"]] is not None]
    for source in sorted({row["source"] for row in shared}):
        rows = [row for row in shared if row["source"] == source]
        compared = compare_paired(
            [before[row["case"]] for row in rows],
            [after[row["case"]] for row in rows],
            [row["patient"] for row in rows],
        )
        yield (
            model["name"],
            source,
            str(compared.n),
            f"{compared.mean_before:.3f}",
            f"{compared.mean_after:.3f}",
            _signed(compared.difference, compared.low, compared.high),
        )


def _dice(results: Mapping[str, Any]) -> dict[str, float | None]:
    return {row["case"]: answer_of(row).get("dice") for row in results["cases"]}


def _signed(difference: float, low: float, high: float) -> str:
    if math.isnan(low):
        return f"{difference:+.3f}"
    return f"{difference:+.3f} ({low:+.3f} to {high:+.3f})"
