"""Show where a model goes wrong, to whoever has the scans.

    python recipes/gallery.py --store STORE --model NAME -o DIR

Takes the held-out cases with the lowest Dice, and those without infection in which most
was outlined, from docs/results/NAME.json, and has them outlined again by the models of
the folds.  DIR gets a page, index.html, with a picture of each; it must lie outside the
repository, as the scans are not ours to hand on.
"""

from __future__ import annotations

import argparse
import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from document import RESULTS, read_results
from gallery_picture import draw_case, worst_slice
from held_out import judge_of
from running import run_recipe
from summary import answer_of

from covseg_core.cases.reading import CaseReader
from covseg_core.errors import UsageError
from covseg_core.io.atomic import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; max-width: 1000px; margin: 2em auto; color: #222; }}
img {{ width: 100%; background: #000; }}
figure {{ margin: 0 0 2.5em; }}
figcaption {{ padding: .4em 0; }}
</style>
<h1>{title}</h1>
<p>Held-out cases with the lowest Dice, and scans without infection in which most was
outlined. Each shows its slice with most wrong voxels as on a light box, the
patient's right at the left. Blue is opacity, infection of no known class or the right
lung, orange consolidation or the left lung.</p>
{figures}
</html>
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--most", type=int, default=12)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    require_outside(options.output)
    results = read_results(options.results or RESULTS / f"{options.model}.json")
    rows = worst_cases(results, options.most)
    options.output.mkdir(parents=True, exist_ok=True)
    store = CaseReader(options.store)
    figures = [figure(store, results, row, options.output) for row in rows]
    title = f"Where {options.model} goes wrong"
    page = PAGE.format(title=html.escape(title), figures="\n".join(figures))
    write_text(options.output / "index.html", page)
    print(f"{len(figures)} cases")


def require_outside(folder: Path) -> None:
    """Raise `UsageError` if a folder lies in the repository."""
    if folder.resolve().is_relative_to(REPOSITORY):
        raise UsageError(
            f"{folder.name!r} lies in the repository, where no image of a patient may "
            "be; choose a folder elsewhere with -o."
        )


def worst_cases(results: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """Choose three quarters by low Dice, the rest by what was outlined in the healthy.

    Parameters
    ----------
    results : mapping
        What `cross_validate.py` wrote.
    most : int
        Cases to show.
    """
    rows = results["cases"]
    sick = [row for row in rows if answer_of(row).get("dice") is not None]
    sick.sort(key=lambda row: answer_of(row)["dice"])
    healthy = [row for row in rows if (answer_of(row).get("false_ml") or 0) > 0]
    healthy.sort(key=lambda row: -answer_of(row)["false_ml"])
    some = healthy[: most // 4]
    return [*sick[: most - len(some)], *some]


def figure(
    store: CaseReader, results: Mapping[str, Any], row: Mapping[str, Any], folder: Path
) -> str:
    """Draw a case into a folder and write its part of the page."""
    case = row["case"]
    judge = judge_of(store, results, row["fold"])
    ct = store.ct(case)
    truth, found = judge.truth(case, ct).labels, judge.answer(ct).labels
    shown = worst_slice(ct, truth, found)
    (folder / f"{case}.png").write_bytes(draw_case(shown))
    place = "" if ct.is_picture else f", slice {shown.z}"
    words = html.escape(f"{case}, {row['source']}{place}: {_numbers(row)}")
    return (
        f'<figure><img src="{case}.png" alt="{words}">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _numbers(row: Mapping[str, Any]) -> str:
    answer = answer_of(row)
    told = [] if answer["dice"] is None else [f"Dice {answer['dice']:.2f}"]
    told += [f"{key} {value:.2f}" for key, value in answer.get("classes", {}).items()]
    if answer.get("true_ml") is not None:
        told.append(f"true {answer['true_ml']:.1f} ml")
        told.append(f"found {answer['found_ml']:.1f} ml")
    return ", ".join(told)


if __name__ == "__main__":
    run_recipe(main)
