"""Show what each step from a network's answers to a mask is worth, scan by scan.

    python benchmarks/answers.py --model NAME --lungs-model NAME --store STORE \
        CASE... [--healthy SCAN...]

STORE is that of `recipes/make_store.py`, and SCAN has no infection.  Give models that
have not learnt from them, such as those of a fold with ``COVSEG_HOME=.training/home``.
Prints the infection in ml, and its Dice where there is any, with the lungs found: with
all steps that the model's file in `recipes/cards` asks for, and without each of them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from said import read_answers

from covseg_core.cases.reading import CaseReader
from covseg_core.cli.progress import follow
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.lungs import outline_lungs
from covseg_core.inference.predict import predict_ct
from covseg_core.io import read_ct
from covseg_core.metrics import dice
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import LoadedModel, load_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LungMask

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
    parser.add_argument("--lungs-model", required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--healthy", type=Path, nargs="*", default=())
    options = parser.parse_args()

    model, finder = (
        load_model(find_model(name)) for name in (options.model, options.lungs_model)
    )
    answers = read_answers(options.model.partition("-fold")[0])
    ways = [with_card(model, answers | change) for change in WITHOUT.values()]
    print(f"{'':16}{'true':>8}" + "".join(f"{name:>20}" for name in WITHOUT))
    for name, ct, truth in scans(options.store, options.cases, options.healthy):
        true = 0.0 if truth is None else truth.sum() * ct.grid.voxel_ml
        lungs = follow(outline_lungs(ct, finder, PredictSettings()))
        columns = [score(ct, lungs, truth, way) for way in ways]
        print(f"{name:16}{true:>8.1f}" + "".join(f"{each:>20}" for each in columns))


def with_card(model: LoadedModel, change: dict[str, Any]) -> LoadedModel:
    """Let a model answer in another way."""
    return replace(model, card=model.card.model_copy(update=change))


def scans(
    store: Path, cases: list[str], healthy: list[Path]
) -> Iterator[tuple[str, CTVolume, npt.NDArray[np.bool_] | None]]:
    """Give name, scan and true infection; None is a scan without infection."""
    reader = CaseReader(store)
    for case in cases:
        infected = reader.mask(case).labels > 0
        yield case, reader.ct(case), infected if infected.any() else None
    for number, path in enumerate(healthy, start=1):
        yield f"healthy {number}", read_ct(path), None


def score(
    ct: CTVolume,
    lungs: LungMask,
    truth: npt.NDArray[np.bool_] | None,
    model: LoadedModel,
) -> str:
    """Predict and say what was found, in ml, and its Dice."""
    lesions = follow(predict_ct(ct, model, PredictSettings(), lungs=lungs)).lesions
    found = f"{sum(lesions.volumes_ml.values()):.1f} ml"
    return found if truth is None else f"{found} {dice(lesions.labels, truth):.3f}"


if __name__ == "__main__":
    main()
