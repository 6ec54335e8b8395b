"""Score the bundled models on real volumes that were scanned or stored otherwise.

    python benchmarks/robustness.py --data DIR [--quick] [--model NAME] [--lungs MODEL]
                                    [--only KIND ...] [--json OUT]

DIR holds the collections as `recipes/sources.py` reads them.  Each volume is
predicted as it is and with every disturbance of `covseg_core.phantom.disturbances`,
by the functions behind ``covseg predict``; the lungs are found, not given.  Prints
per volume the Dice of infection and of lungs and what the disturbance changes, then
the worst and the median change of each kind.

On 2 idle cores one volume takes about 6 minutes (``--quick``), all three half an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

import numpy as np
from sources import healthy_case, medseg_case

from covseg_core.cli.progress import follow
from covseg_core.errors import InputRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import predict_ct
from covseg_core.labels import Lung
from covseg_core.metrics import dice
from covseg_core.phantom.disturbances import DISTURBANCES
from covseg_core.registry.store import DEFAULT_MODEL, find_model
from covseg_core.registry.weights import LoadedModel, load_model
from covseg_core.severity.lung_sides import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sources import Case

    from covseg_core.inference.prediction import Prediction
    from covseg_core.volume import CTVolume, LabelVolume

NAME_WIDTH = 30
COLUMNS = "true ml", "found ml", "Dice", "change", "lungs", "change", "right", "left"


@dataclass(frozen=True)
class Score:
    """What was found on one scan; Dice is None where there is nothing to find."""

    volume: str
    kind: str
    name: str
    true_ml: float
    found_ml: float
    dice: float | None
    lungs: float
    right: float
    left: float
    refused: bool = False

    def change(self, plain: Score, what: str) -> float | None:
        """By how much a Dice differs from that of the scan as it is."""
        mine, before = getattr(self, what), getattr(plain, what)
        return None if mine is None else mine - before


def main() -> None:
    """Print a table for each volume, then the spread."""
    options = arguments()
    model = load_model(find_model(options.model))
    lungs = None if options.lungs is None else load_model(find_model(options.lungs))
    pairs: list[tuple[Score, Score]] = []
    for case in cases(options.data, options.quick):
        plain = score_plain(case, model, lungs)
        print_head(case.name)
        print_score(plain, plain)
        for found in scores(case, model, lungs, options.only):
            print_score(found, plain)
            pairs.append((found, plain))
    print_spread(pairs)
    if options.json:
        rows = [asdict(found) | {"plain": asdict(plain)} for found, plain in pairs]
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    kinds = sorted({each.kind for each in DISTURBANCES})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--lungs", help="model that finds the lungs, not the default")
    parser.add_argument("--quick", action="store_true", help="one volume")
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def cases(data: Path, quick: bool) -> Iterable[Case]:
    """Read the volumes, one at a time."""
    yield medseg_case(data, "02")
    if not quick:
        yield medseg_case(data, "05")
        yield healthy_case(data, "104")


def score_plain(case: Case, model: LoadedModel, lungs: LoadedModel | None) -> Score:
    """Score a volume as it is."""
    found = predict(case.ct, model, lungs)
    return score((case.name, "none", "as it is"), found, case.lesions, case.lungs)


def scores(
    case: Case, model: LoadedModel, lungs: LoadedModel | None, kinds: list[str]
) -> Iterable[Score]:
    """Score a volume with each disturbance of some kinds."""
    for each in DISTURBANCES:
        if each.kind in kinds:
            ct = each.scan(case.ct)
            truth = [each.mask(mask, ct) for mask in (case.lesions, case.lungs)]
            found = predict(ct, model, lungs)
            yield score((case.name, each.kind, each.name), found, *truth)


def predict(
    ct: CTVolume, model: LoadedModel, lungs: LoadedModel | None
) -> Prediction | None:
    """Predict as a user's command does; None is a scan that was refused."""
    settings, given = PredictSettings(), None
    try:
        if lungs is not None:
            from covseg_core.inference.lungs import outline_lungs

            given = follow(outline_lungs(ct, lungs, settings))
        return follow(predict_ct(ct, model, settings, lungs=given))
    except InputRefusedError:
        return None


def score(
    names: tuple[str, str, str],
    found: Prediction | None,
    lesions: LabelVolume,
    lungs: LabelVolume,
) -> Score:
    """Compare what was found with the truth."""
    infected = lesions.labels > 0
    true_ml = float(infected.sum()) * lesions.grid.voxel_ml
    if found is None:
        return Score(*names, true_ml, 0.0, 0.0 if true_ml else None, 0, 0, 0, True)
    sided = told_apart(lungs).labels
    sides = [
        dice(found.lungs.labels == side, sided == side)
        for side in (Lung.RIGHT, Lung.LEFT)
    ]
    overlap = dice(found.lesions.labels, infected) if true_ml else None
    found_ml = float(np.count_nonzero(found.lesions.labels)) * lesions.grid.voxel_ml
    whole = dice(found.lungs.labels, lungs.labels)
    return Score(*names, true_ml, found_ml, overlap, whole, *sides)


def print_head(volume: str) -> None:
    """Print the names of the columns."""
    print(f"\n{volume:{NAME_WIDTH}}" + "".join(f"{name:>9}" for name in COLUMNS))


def print_score(found: Score, plain: Score) -> None:
    """Print one line."""
    numbers = [
        f"{found.true_ml:.1f}",
        f"{found.found_ml:.1f}",
        said(found.dice),
        said(found.change(plain, "dice"), "+"),
        said(found.lungs),
        said(found.change(plain, "lungs"), "+"),
        said(found.right),
        said(found.left),
    ]
    line = "".join(f"{number:>9}" for number in numbers)
    refused = "  refused" if found.refused else ""
    print(f"{found.name:{NAME_WIDTH}}{line}{refused}", flush=True)


def print_spread(pairs: list[tuple[Score, Score]]) -> None:
    """Print the worst and the median change of each kind."""
    heads = "worst", "median", "worst", "median", "ml more"
    print(f"\n{'change of Dice: infection, lungs':{NAME_WIDTH + 3}}", end="")
    print("".join(f"{head:>9}" for head in heads))
    for kind in dict.fromkeys(found.kind for found, _ in pairs):
        of_kind = [pair for pair in pairs if pair[0].kind == kind]
        line = [*spread(of_kind, "dice"), *spread(of_kind, "lungs")]
        more = [found.found_ml - plain.found_ml for found, plain in of_kind]
        print(f"{kind:{NAME_WIDTH + 3}}", end="")
        print("".join(f"{number:>9}" for number in [*line, f"{max(more):+.1f}"]))


def spread(pairs: list[tuple[Score, Score]], what: str) -> tuple[str, str]:
    """Say the worst and the median change of a Dice."""
    changes = [found.change(plain, what) for found, plain in pairs]
    told = [change for change in changes if change is not None]
    return (said(min(told), "+"), said(median(told), "+")) if told else ("-", "-")


def said(number: float | None, sign: str = "") -> str:
    """Write a Dice, or a dash where there is none."""
    return "-" if number is None else f"{number:{sign}.3f}"


if __name__ == "__main__":
    main()
