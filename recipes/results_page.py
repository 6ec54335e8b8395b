"""Write the page of results from the files that cross_validate.py made.

    python recipes/results_page.py [--results docs/results]

The page is ``index.md`` in that folder; beside it comes a reliability diagram of each
model.
"""

from __future__ import annotations

import argparse
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline import against_baseline
from document import RESULTS, log_beside, read_results
from results_words import CLOSING, OPENING, lungs_in_words, way_in_words
from running import run_recipe
from summary import WAYS, answer_of
from tables import table

from covseg_core.errors import InputRefusedError
from covseg_core.io.atomic import write_bytes, write_text
from covseg_core.labels import LUNGS
from covseg_core.reports.calibration import reliability_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEASURES = {
    "dice": "Dice",
    "mean_dice": "Dice over thresholds",
    "ggo": "opacity",
    "consolidation": "consolidation",
    "right_lung": "right lung",
    "left_lung": "left lung",
    "slice_auc": "AUC of slices",
    "held": "infection held",
    "false_ml": "false ml",
}
WORST = 5


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    folder = parser.parse_args().results
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InputRefusedError(
            f"there are no results in {folder.name}; make them with cross_validate.py."
        )
    documents = [read_results(file) | _log_of(file) for file in files]
    for each in documents:
        write_bytes(folder / _diagram_of(each), _drawn(each))
    write_text(folder / "index.md", render_page(documents))
    print(f"{len(documents)} models")


def render_page(documents: Sequence[dict[str, Any]]) -> str:
    """Write the page for results of several models, in Markdown."""
    models = ("\n".join(_model(each)) for each in documents)
    parts = [OPENING, *models, "\n".join(against_baseline(documents)), CLOSING]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _log_of(file: Path) -> dict[str, str]:
    """Point to the log of the bundled model's training; there is none before that."""
    log = log_beside(file)
    return {"log": f" ([log]({log.name}))"} if log.is_file() else {}


def _diagram_of(results: dict[str, Any]) -> str:
    return f"{results['name']}.reliability.png"


def _drawn(results: dict[str, Any]) -> bytes:
    checked = results["calibration"]
    outlined = "lung" if results["label_set"] == LUNGS.name else "infected"
    return reliability_picture(checked["rows"], checked["ece"], outlined)


def _model(results: dict[str, Any]) -> Iterator[str]:
    folds, whole = len(results["weights"]), results["of_folds"]
    yield f"## {results['name']}"
    yield ""
    yield (
        f"`{results['architecture']}`, {results['size']} × {results['size']} pixels, "
        f"recipe `{results['recipe']}`, epochs: {results['epochs']}"
        f"{results.get('log', '')}; {folds} of {whole} folds. {lungs_in_words(results)}"
    )
    if folds < whole:
        yield ""
        yield "**These figures are of some folds only and will change.**"
    yield ""
    yield from table(_head(results), _rows(results))
    yield ""
    yield from _threshold_and_calibration(results)
    yield ""
    yield "Scan by scan, as a user gets them who outlined no lungs:"
    yield ""
    yield from table(
        ("scan", "true ml", "found ml", "Dice"), [_scan(row) for row in _scans(results)]
    )
    if worst := _worst_pictures(results):
        yield ""
        yield f"The lowest Dice of pictures: {', '.join(worst)}."


def _head(results: dict[str, Any]) -> tuple[str, ...]:
    titles = (MEASURES[key] for key in _measures(results))
    return ("held out", "lungs", "patients", "slices", *titles)


def _measures(results: dict[str, Any]) -> list[str]:
    """List the measures that any source has."""
    told = results["sources"].values()
    ways = [source[way] for source in told for way in WAYS if source[way]]
    return [key for key in MEASURES if any(key in way for way in ways)]


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for source, told in results["sources"].items():
        for way in WAYS:
            if told[way] is None:
                continue
            yield (
                source,
                way_in_words(way, source, results["label_set"]),
                str(told["patients"]),
                str(told["slices"]),
                *(_interval(told[way].get(key), key) for key in _measures(results)),
            )


def _interval(told: dict[str, Any] | None, key: str) -> str:
    """Write a mean with its interval; a dash where there is none."""
    if told is None:
        return "–"
    digits = 1 if key.endswith("_ml") else 2
    mean = f"{told['mean']:.{digits}f}"
    if told["low"] is None:
        return mean
    return f"{mean} ({told['low']:.{digits}f}–{told['high']:.{digits}f})"


def _threshold_and_calibration(results: dict[str, Any]) -> Iterator[str]:
    threshold, checked = results["threshold"], results["calibration"]
    yield (
        f"Threshold {threshold['best']:.2f}: mean Dice of the sources "
        f"{threshold['mean_dice']:.3f}, with 0.5 {threshold['mean_dice_at_half']:.3f}. "
        f"Temperature {checked['temperature']:g}: expected calibration error "
        f"{checked['ece_before']:.4f} before and {checked['ece']:.4f} after, "
        f"{checked['region']}."
    )
    yield ""
    yield f"![Reliability of {results['name']}]({_diagram_of(results)})"


def _scans(results: dict[str, Any]) -> list[dict[str, Any]]:
    rows = (row for row in results["cases"] if not _is_picture(row))
    return sorted(rows, key=itemgetter("case"))


def _scan(row: dict[str, Any]) -> tuple[str, ...]:
    answer = answer_of(row)
    dice = answer.get("dice")
    return (
        row["case"],
        *(_millilitres(answer.get(key)) for key in ("true_ml", "found_ml")),
        "–" if dice is None else f"{dice:.2f}",
    )


def _millilitres(volume: float | None) -> str:
    """Write a volume; one that is hardly there must not read as none."""
    if volume is None:
        return "–"
    return f"{volume:.2f}" if 0 < volume < 1 else f"{volume:.1f}"


def _worst_pictures(results: dict[str, Any]) -> list[str]:
    told = (
        (row["case"], answer_of(row).get("dice"))
        for row in results["cases"]
        if _is_picture(row)
    )
    scored = sorted((dice, case) for case, dice in told if dice is not None)
    return [f"{case} {dice:.2f}" for dice, case in scored[:WORST]]


def _is_picture(row: dict[str, Any]) -> bool:
    return row["source"].endswith("pictures")


if __name__ == "__main__":
    run_recipe(main)
