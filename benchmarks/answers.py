"""Show what each step from a network's answers to a mask is worth, scan by scan.

    python benchmarks/answers.py --store STORE --model NAME [CASE...] [--healthy SCAN..]

STORE is that of `recipes/make_store.py`, NAME has been judged by
`recipes/cross_validate.py`, whose models lie in COVSEG_HOME.  Each CASE, or each volume
if none is named, is asked of the network that has not learnt from it; each SCAN, which
has no infection, of that of the first fold.  Prints the infection in ml, and its Dice
where there is any, with the lungs found: with all steps from answer to mask, and
without each of them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from document import RESULTS, read_results
from held_out import judge_of

from covseg_core.cases.reading import CaseReader
from covseg_core.cli.progress import follow
from covseg_core.inference.lungs import outline_lungs
from covseg_core.inference.predict import predict_ct
from covseg_core.io import read_ct
from covseg_core.metrics import dice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt
    from predicting import Judge

    from covseg_core.volume import CTVolume

WITHOUT: dict[str, dict[str, Any]] = {
    "all steps": {},
    "not mirrored": {"mirrored": False},
    "each slice alone": {"through_plane_mm": 0.0},
    "every island": {"sure": 0.0},
    "none of these": {"mirrored": False, "through_plane_mm": 0.0, "sure": 0.0},
}


def main() -> None:
    """Print one line per scan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--healthy", type=Path, nargs="*", default=())
    options = parser.parse_args()

    store = CaseReader(options.store)
    results = read_results(RESULTS / f"{options.model}.json")
    folds = {row["case"]: row["fold"] for row in results["cases"]}
    print(f"{'':16}{'true':>8}" + "".join(f"{name:>20}" for name in WITHOUT))
    for name, ct, truth in scans(store, options.cases or folds, options.healthy):
        judge = judge_of(store, results, folds.get(name, min(folds.values())))
        true = 0.0 if truth is None else truth.sum() * ct.grid.voxel_ml
        columns = scores(ct, truth, judge)
        print(f"{name:16}{true:>8.1f}" + "".join(f"{each:>20}" for each in columns))


def scans(
    store: CaseReader, cases: Iterable[str], healthy: list[Path]
) -> Iterator[tuple[str, CTVolume, npt.NDArray[np.bool_] | None]]:
    """Give name, scan and true infection of volumes; None is one without infection."""
    for case in cases:
        ct, infected = store.ct(case), store.mask(case).labels > 0
        if not ct.is_picture:
            yield case, ct, infected if infected.any() else None
    for number, path in enumerate(healthy, start=1):
        yield f"healthy {number}", read_ct(path), None


def scores(
    ct: CTVolume, truth: npt.NDArray[np.bool_] | None, judge: Judge
) -> Iterator[str]:
    """Predict in all ways and say what was found, in ml, and its Dice."""
    lungs = None
    if judge.lungs_model is not None:
        lungs = follow(outline_lungs(ct, judge.lungs_model, judge.settings))
    for change in WITHOUT.values():
        card = judge.model.card.model_copy(update=change)
        model = replace(judge.model, card=card)
        lesions = follow(predict_ct(ct, model, judge.settings, lungs=lungs)).lesions
        found = f"{sum(lesions.volumes_ml.values()):.1f} ml"
        yield found if truth is None else f"{found} {dice(lesions.labels, truth):.3f}"


if __name__ == "__main__":
    main()
