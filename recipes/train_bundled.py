"""Train the bundled models `infnet-small` and `infnet-multi-small`.

    python recipes/train_bundled.py --data DIR [--out DIR] [--epochs N]

DIR holds the collections as `recipes/sources.py` reads them.  Slices 40-49 and
the volumes in `HELD_OUT` take no part in training; the scores on them, printed
at the end, stand in the model cards.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sources import (
    HEALTHY_CASES,
    MEDSEG_CASES,
    Case,
    healthy_case,
    labelled_slices,
    medseg_case,
)

from covseg_core.metrics import dice
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import BUNDLED
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.data import (
    TrainingSlices,
    join,
    slice_of_image,
    slices_of_volume,
)
from covseg_core.training.devices import make_fabric
from covseg_core.training.start import start
from covseg_core.training.validate import predict_classes
from covseg_core.transforms.prepare import Prepare

HELD_OUT = {"medseg 02", "medseg 06", "lctsc 104"}
HELD_OUT_SLICES = 10
PREPARE = Prepare(size=256)
# On the volumes this drops islands that are no disease; see docs/models.md.
SURE = 0.9
INFNET = {"backbone": "regnety_004", "ra_channels": (64, 48, 32), "edge_channels": 32}
LIMITS = (
    "A first version trained on few patients. On scans without infection it still "
    "calls tens of millilitres infected: lung that lies below, nodules, vessels, the "
    "dome of the diaphragm."
)
DATA = (
    "MedSeg COVID-19 CT dataset 1: 40 of the 50 Inf-Net training slices "
    "(non-commercial research use)",
    "MedSeg COVID-19 CT volumes 01, 03, 05, 08 (CC BY-NC-SA 4.0)",
    "LCTSC, patients without infection (CC BY 3.0)",
)


def main() -> None:
    """Train both models one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--stage", choices=("single", "multi", "both"), default="both")
    options = parser.parse_args()

    train, slices, cases = read(options.data)
    say(f"{len(train)} training slices")
    if options.stage != "multi":
        train_single(train, slices, cases, options.out, options.epochs)
    if options.stage != "single":
        train_multi(train, slices, cases, options.out, options.epochs * 2 // 5)


def read(
    data: Path,
) -> tuple[TrainingSlices, TrainingSlices, dict[str, TrainingSlices]]:
    """Read training slices, held-out slices and held-out cases."""
    pictures = [slice_of_image(*pair, PREPARE) for pair in labelled_slices(data)]
    known = join(pictures[:-HELD_OUT_SLICES])
    # The pictures come from as many patients as there are pictures.
    parts = [TrainingSlices(known.pixels, known.labels, known.weights * 3)]
    held_out = {}
    for case in all_cases(data):
        slices = slices_of_volume(case.ct, case.lesions, case.lungs, PREPARE)
        if case.name in HELD_OUT:
            held_out[case.name] = slices
        else:
            parts.append(thinned(slices) if "lctsc" in case.name else slices)
    return join(parts), join(pictures[-HELD_OUT_SLICES:]), held_out


def thinned(slices: TrainingSlices) -> TrainingSlices:
    """Keep every third slice; those of the healthy are thin and much alike."""
    return TrainingSlices(slices.pixels[::3], slices.labels[::3], slices.weights[::3])


def all_cases(data: Path) -> list[Case]:
    """Read every volume."""
    return [medseg_case(data, number) for number in MEDSEG_CASES] + [
        healthy_case(data, number) for number in HEALTHY_CASES
    ]


def train_single(
    train: TrainingSlices,
    slices: TrainingSlices,
    cases: dict[str, TrainingSlices],
    out: Path,
    epochs: int,
) -> None:
    """Train Inf-Net on infection as one class."""
    torch.manual_seed(0)
    network = create_model("infnet", **INFNET)
    settings = TrainSettings(epochs=epochs)
    run(network, train, settings)
    card = make_card(
        name="infnet-small",
        summary="Inf-Net with a small backbone: infection as one class.",
        architecture="infnet",
        arguments=INFNET,
        label_set="infection",
        metrics=scores(network, slices, cases),
    )
    save_model(out / card.name, card, network.state_dict(), half=True)


def train_multi(
    train: TrainingSlices,
    slices: TrainingSlices,
    cases: dict[str, TrainingSlices],
    out: Path,
    epochs: int,
) -> None:
    """Train the second stage on the priors of `infnet-small`."""
    from covseg_core.registry.store import find_model

    torch.manual_seed(0)
    single = load_model(find_model(str(out / "infnet-small"))).network
    arguments = {**INFNET, "width": 12}
    network = create_model("multi-infnet", **arguments)
    network.prior.load_state_dict(single.state_dict())
    network.prior.requires_grad_(requires_grad=False)
    settings = TrainSettings(epochs=epochs)
    run(network, train, settings)
    card = make_card(
        name="infnet-multi-small",
        summary="Multi-label Inf-Net: ground-glass opacity and consolidation.",
        architecture="multi-infnet",
        arguments=arguments,
        label_set="lesions",
        parent="infnet-small",
        metrics=scores(network, slices, cases),
    )
    save_model(out / card.name, card, network.state_dict(), half=True)


def make_card(**own: object) -> ModelCard:
    """Fill in what both models share."""
    return ModelCard(
        prepare=PREPARE,
        sure=SURE,
        data=DATA,
        licence="Non-commercial research use (training data CC BY-NC-SA 4.0)",
        limits=LIMITS,
        **own,
    )


def run(network, train: TrainingSlices, settings: TrainSettings) -> None:
    """Train and print a line after each pass."""
    begun = time.perf_counter()
    for step in start(network, train, PREPARE, settings, make_fabric(settings)).steps:
        if step.ends_epoch:
            minutes = (time.perf_counter() - begun) / 60
            where = f"epoch {step.epoch}/{step.epochs}"
            say(f"{where} loss {step.loss:.4f} {minutes:.1f} min")


def scores(network, slices: TrainingSlices, cases: dict[str, TrainingSlices]) -> dict:
    """Score held-out data: Dice over slices, Dice or false pixels per case."""
    network.eval()
    classes, truth = predict(network, slices), slices.labels.numpy()
    report = {
        "held_out_slices_infection_dice": mean_dice(classes > 0, truth > 0),
    }
    if len(network.label_set.classes) > 1:
        for value, key in enumerate(network.label_set.keys, start=1):
            report[f"held_out_slices_{key}_dice"] = mean_dice(
                classes == value, truth == value
            )
    for name, case in cases.items():
        found, true = predict(network, case) > 0, case.labels.numpy() > 0
        if true.sum() > 1000:
            report[f"{name}_infection_dice"] = round(dice(found, true), 4)
        else:
            report[f"{name}_share_called_infected"] = round(float(found.mean()), 6)
    say(str(report))
    return report


def predict(network, slices: TrainingSlices) -> np.ndarray:
    """Predict the class of each pixel, (N, H, W)."""
    return predict_classes(network, slices, PREPARE).numpy()


def mean_dice(found: np.ndarray, true: np.ndarray) -> float:
    """Average the Dice of slices in which the class occurs or is found."""
    pairs = [(f, t) for f, t in zip(found, true, strict=True) if f.any() or t.any()]
    return round(float(np.mean([dice(f, t) for f, t in pairs])), 4)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
