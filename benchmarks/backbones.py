"""Compare Inf-Net with each backbone, U-Net and hu-threshold, across patients.

    python benchmarks/backbones.py --data DIR [--epochs 3] [--size 160] [--folds 3]

DIR holds the collections as `recipes/sources.py` reads them.  Every network starts
from random weights and is trained on all patients but those of a fold, then judged
on these: 8-bit slices one by one in both conventions of Dice, and whole volumes.
Slices are split in runs of neighbours, as some neighbours may be of one patient.
The default schedule is short; `--epochs` lengthens it.  What is finished is kept in
`--out` and not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from sources import MEDSEG_CASES, Case, dealt, labelled_slices, medseg_case

from covseg_core.inference.config import PredictSettings
from covseg_core.inference.outliners import HuThreshold, NetworkOutliner
from covseg_core.io.atomic import write_json
from covseg_core.metrics import dice
from covseg_core.metrics.curves import stretch, threshold_curves
from covseg_core.metrics.intervals import mean_interval
from covseg_core.models import create_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.data import (
    TrainingSlices,
    join,
    slice_of_image,
    slices_of_volume,
)
from covseg_core.training.devices import make_fabric
from covseg_core.training.start import start
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.prepare import Prepare, box_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BACKBONES = ("res2net50", "resnet50", "resnext50", "resnest50", "vgg16", "iresnet50")
NETWORKS = {
    **{f"Inf-Net {backbone}": ("infnet", backbone) for backbone in BACKBONES},
    "Inf-Net regnety_004": ("infnet", "regnety_004"),
    "U-Net resnext50": ("unet", "resnext50"),
}
BASELINE = "hu-threshold"
# A slice stands for a patient, a volume has dozens of slices.
SLICE_WEIGHT = 3.0


@dataclass(frozen=True)
class Fold:
    """Numbers of the slices and of the volumes that are judged."""

    number: int
    slices: tuple[int, ...]
    cases: tuple[str, ...]


def main() -> None:
    """Train and judge whatever is not finished, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/backbones"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--networks", nargs="*", default=[*NETWORKS, BASELINE])
    options = parser.parse_args()

    pictures = labelled_slices(options.data)
    cases = {number: medseg_case(options.data, number) for number in MEDSEG_CASES}
    folds = make_folds(len(pictures), options.folds)
    for name in options.networks:
        for fold in folds:
            file = answers_file(options, name, fold).with_suffix(".json")
            if not file.exists():
                write_json(file, judge(name, fold, pictures, cases, options))
    show(options, folds, [labels > 0 for _, labels in pictures])


def answers_file(options: argparse.Namespace, name: str, fold: Fold) -> Path:
    """Name the file of the probabilities of a network on the slices of a fold."""
    folder = options.out / f"{options.size}-{options.epochs}-{options.folds}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name.replace(' ', '-')}-{fold.number}.npz"


def make_folds(slices: int, folds: int) -> list[Fold]:
    """Deal slices in runs, and volumes by patient."""
    runs = np.array_split(np.arange(slices), folds)
    return [
        Fold(number, tuple(run.tolist()), cases)
        for number, (run, cases) in enumerate(zip(runs, dealt(folds), strict=True))
    ]


def judge(
    name: str,
    fold: Fold,
    pictures: list[tuple[np.ndarray, np.ndarray]],
    cases: dict[str, Case],
    options: argparse.Namespace,
) -> dict:
    """Train one network for one fold and score it on the fold's patients."""
    begun = time.perf_counter()
    prepare = Prepare(size=options.size)
    tested = [cases[number] for number in fold.cases]
    if name == BASELINE:
        return {"volumes": dict(judge_volumes(tested, prepare, by_hu)), "minutes": 0.0}
    known = [pair for number, pair in enumerate(pictures) if number not in fold.slices]
    data = training_slices(
        known, [cases[number] for number in cases if number not in fold.cases], prepare
    )
    torch.manual_seed(fold.number)
    architecture, backbone = NETWORKS[name]
    network = create_model(architecture, backbone=backbone)
    settings = TrainSettings(epochs=options.epochs, device="cpu", seed=fold.number)
    fabric = make_fabric(settings)
    for step in start(network, data, prepare, settings, fabric).steps:
        if step.batch % 8 == 0 or step.ends_epoch:
            say(f"{name} fold {fold.number} {step}")

    def by_network(is_hu: bool) -> Callable:
        return NetworkOutliner(
            network, prepare, PredictSettings(device="cpu"), is_hu=is_hu
        )

    outline = by_network(is_hu=False)
    answers = {
        str(number): outline(pictures[number][0][None].astype(np.float32))[0, 0]
        for number in fold.slices
    }
    np.savez_compressed(answers_file(options, name, fold), **answers)
    volumes = judge_volumes(tested, prepare, lambda case: by_network(is_hu=True))
    return {
        "volumes": dict(volumes),
        "minutes": round((time.perf_counter() - begun) / 60, 1),
    }


def training_slices(
    pictures: list[tuple[np.ndarray, np.ndarray]], cases: list[Case], prepare: Prepare
) -> TrainingSlices:
    """Put slices and volumes together."""
    parts = []
    for picture in pictures:
        part = slice_of_image(*picture, prepare)
        parts.append(
            TrainingSlices(part.pixels, part.labels, part.weights * SLICE_WEIGHT)
        )
    parts += [
        slices_of_volume(case.ct, case.lesions, case.lungs, prepare) for case in cases
    ]
    return join(parts)


def by_hu(case: Case) -> HuThreshold:
    """Make the baseline for a case."""
    return HuThreshold(standardise_ct(case.ct).grid, is_hu=True)


def judge_volumes(
    cases: list[Case], prepare: Prepare, make: Callable
) -> Iterator[tuple[str, float]]:
    """Score whole volumes, given the true lungs, at threshold 0.5."""
    for case in cases:
        ct, lungs = standardise_ct(case.ct), standardise_mask(case.lungs)
        box = box_for(ct, lungs, prepare).as_index
        p = make(case)(ct.hu[box], lungs.labels[box]).sum(axis=1)
        found = np.zeros(ct.grid.shape, bool)
        found[box] = p > 0.5
        score = dice(found, standardise_mask(case.lesions).labels > 0)
        say(f"{case.name} {score:.3f}")
        yield case.name, score


def show(
    options: argparse.Namespace, folds: list[Fold], truths: list[np.ndarray]
) -> None:
    """Print a line per network: means over slices and over volumes."""
    print("| network | slices, Dice at 0.5 | slices, infnet2020 | volumes | min/fold |")
    print("|---|---|---|---|---|")
    for name in options.networks:
        scores: dict[str, list[float]] = {"standard": [], "infnet2020": []}
        volumes, minutes = [], []
        for fold in folds:
            file = answers_file(options, name, fold)
            report = json.loads(file.with_suffix(".json").read_text())
            volumes += report["volumes"].values()
            minutes.append(report["minutes"])
            answers = np.load(file) if file.exists() else {}
            for number, p in answers.items():
                truth = truths[int(number)]
                scores["standard"].append(dice(p > 0.5, truth))
                scores["infnet2020"].append(
                    threshold_curves(stretch(p), truth).dice.mean()
                )
        cells = " | ".join(cell(column) for column in (*scores.values(), volumes))
        print(f"| {name} | {cells} | {np.mean(minutes):.1f} |")


def cell(values: list[float]) -> str:
    """Write mean ± 1.96 standard errors, or a dash where there is nothing."""
    if not values:
        return "–"
    interval = mean_interval(values)
    return f"{interval.mean:.3f} ± {interval.high - interval.mean:.3f}"


def say(line: str) -> None:
    """Print progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
