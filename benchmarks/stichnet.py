"""Measure what StichNet gains from unlabelled slices, and whether its styles differ.

    python benchmarks/stichnet.py --data DIR [--folds 3] [--steps 400] [--size 64]

DIR holds the collections as `recipes/sources.py` reads them.  A fold keeps a third of
the labelled slices, neighbours together, all volumes of some patients and one or two
of the four healthy scans for judging; the unlabelled slices are of five other patients.
Two ways of training, each without and with unlabelled slices:

    paper       free styles, the paper's bound alone
    stitched    ordered styles, each as bright as its tissue elsewhere, and lesions that
                are put into other slices

Prints Dice, the mean HU of each style inside the lungs, on how many held-out slices
healthy < opacity < consolidation, and the error of the reconstruction.  Writes a
picture grid per network into `--out`.  What is finished is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from sources import (
    HEALTHY_CASES,
    MEDSEG_CASES,
    dealt,
    healthy_case,
    labelled_slices,
    medseg_case,
)

from covseg_core.io.atomic import write_json
from covseg_core.io.images import list_slices, read_picture_ct
from covseg_core.labels import NOT_INFECTED, Tissue
from covseg_core.metrics import dice
from covseg_core.metrics.intervals import mean_interval
from covseg_core.models import create_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.data import (
    TrainingSlices,
    join,
    slice_of_image,
    slices_of_volume,
    tissue_mask,
)
from covseg_core.training.devices import make_fabric
from covseg_core.training.fit import fit
from covseg_core.training.order import Order
from covseg_core.training.stitching import stitching_objective
from covseg_core.training.trainee import Trainee
from covseg_core.transforms.prepare import Prepare
from covseg_core.transforms.transplant import is_lesion

if TYPE_CHECKING:
    from sources import Case

    from covseg_core.models.stichnet import StichNet

WAYS = {
    "paper, labels only": (False, False),
    "paper, + unlabelled": (False, True),
    "stitched, labels only": (True, False),
    "stitched, + unlabelled": (True, True),
}
ARGUMENTS = {
    "backbone": "mobilenetv2_050",
    "widths": (16, 24, 32, 48, 64),
    "latent_channels": 4,
}
# A slice stands for a patient, a volume has dozens of slices.
SLICE_WEIGHT = 5.0
BATCH, RATE = 8, 3e-3
SHOWN = 4


def main() -> None:
    """Train and judge whatever is not finished, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/stichnet"))
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    options.out = options.out / f"{options.size}-{options.steps}-{options.folds}"
    options.out.mkdir(parents=True, exist_ok=True)
    missing = [
        (way, fold)
        for fold in range(options.folds)
        for way in WAYS
        if not answers_file(options, way, fold).exists()
    ]
    sources = Sources(options) if missing else None
    for way, fold in missing:
        network = trained(sources, way, fold, options)
        report = judge(network, *sources.judged(fold))
        pixels, labels = sources.pictures_for(fold)
        draw(network, pixels, labels, options.out / f"{plain(way)}-{fold}.png")
        write_json(answers_file(options, way, fold), report)
        say(f"{way}, fold {fold}: Dice of slices {cell(report['slices'])}")
    show(options)


class Sources:
    """All slices, prepared once, and which of them a fold learns from."""

    def __init__(self, options: argparse.Namespace) -> None:
        data = options.data
        self.prepare = Prepare(size=options.size, mean=(0, 0, 0), std=(1, 1, 1))
        self.folds = options.folds
        self.volumes = {
            number: self._slices_of(medseg_case(data, number))
            for number in MEDSEG_CASES
        }
        self.healthy = [
            self._slices_of(healthy_case(data, number)) for number in HEALTHY_CASES
        ]
        self.slices = [
            slice_of_image(
                grey,
                np.where(labels > 0, labels, NOT_INFECTED).astype(np.uint8),
                self.prepare,
            )
            for grey, labels in labelled_slices(data)
        ]
        scans = [
            read_picture_ct(path) for path in list_slices(data / "slices_unlabelled")
        ]
        self.unlabelled = join(
            [
                slices_of_volume(
                    ct, tissue_mask(None, None, ct.grid), None, self.prepare
                )
                for ct in scans
            ]
        )

    def _slices_of(self, case: Case) -> TrainingSlices:
        tissue = tissue_mask(case.lesions, case.lungs, case.ct.grid)
        return slices_of_volume(case.ct, tissue, case.lungs, self.prepare)

    def learnt(self, fold: int, *, unlabelled: bool) -> TrainingSlices:
        """Join what a fold learns from; half of what is drawn is unlabelled."""
        judged = self._judged_slices(fold)
        slices = [
            replace(part, weights=part.weights * SLICE_WEIGHT)
            for number, part in enumerate(self.slices)
            if number not in judged
        ]
        rest = [
            part
            for other in range(self.folds)
            if other != fold
            for part in self._judged_scans(other)
        ]
        labelled = join([*slices, *rest])
        if not unlabelled:
            return labelled
        weights = labelled.weights / labelled.weights.sum() * len(self.unlabelled)
        return join([replace(labelled, weights=weights), self.unlabelled])

    def judged(self, fold: int) -> tuple[list[TrainingSlices], list[TrainingSlices]]:
        """Give the slices and the volumes, healthy ones last, that a fold judges."""
        slices = [self.slices[number] for number in sorted(self._judged_slices(fold))]
        return slices, self._judged_scans(fold)

    def pictures_for(self, fold: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Choose held-out slices with much infection: pixels and labels."""
        part = join(self.judged(fold)[1])
        most = is_lesion(part.labels).flatten(1).sum(dim=1).topk(SHOWN).indices
        return part.pixels[most].float(), part.labels[most]

    def _judged_scans(self, fold: int) -> list[TrainingSlices]:
        """Give the volumes of a fold, patients together, and its healthy scans."""
        volumes = [self.volumes[number] for number in dealt(self.folds)[fold]]
        return [*volumes, *self.healthy[fold :: self.folds]]

    def _judged_slices(self, fold: int) -> set[int]:
        runs = np.array_split(np.arange(len(self.slices)), self.folds)
        return set(runs[fold].tolist())


def trained(
    sources: Sources, way: str, fold: int, options: argparse.Namespace
) -> StichNet:
    """Train a network for a fold."""
    stitched, unlabelled = WAYS[way]
    data = sources.learnt(fold, unlabelled=unlabelled)
    torch.manual_seed(fold)
    network = create_model("stichnet", ordered=stitched, **ARGUMENTS)
    network.to(memory_format=torch.channels_last)
    # One pass over slices drawn beforehand, so that every way takes as many steps.
    drawn = torch.multinomial(data.weights, options.steps * BATCH, replacement=True)
    data = TrainingSlices(*(part[drawn] for part in vars(data).values()))
    settings = TrainSettings(
        epochs=1,
        balance=False,
        batch_size=BATCH,
        learning_rate=RATE,
        device="cpu",
        seed=fold,
    )
    trainee = Trainee(network, settings, Order(data.weights, settings).steps)
    loss = stitching_objective(network, network, keep_apart=stitched)
    fabric = make_fabric(settings)
    for step in fit(trainee, loss, data, sources.prepare, settings, fabric):
        if trainee.step % 50 == 0:
            say(f"{way}, fold {fold}: step {trainee.step}, loss {step.loss:.3f}")
    return network.eval()


@torch.no_grad()
def judge(
    network: StichNet, slices: list[TrainingSlices], volumes: list[TrainingSlices]
) -> dict[str, list[float]]:
    """Score slices one by one, volumes whole, and styles slice by slice."""
    report: dict[str, list[float]] = {
        name: []
        for name in ("slices", "volumes", "ggo", "consolidation", "false share")
    }
    styles: list[list[float]] = []
    for part in slices:
        found, truth = outlined(network, part)
        report["slices"].append(dice(found > 0, truth > 0))
    for part in volumes:
        found, truth = outlined(network, part)
        if truth.any():
            report["volumes"].append(dice(found > 0, truth > 0))
            known = truth != 255
            for value, name in ((1, "ggo"), (2, "consolidation")):
                if (truth == value).any():
                    report[name].append(dice((found == value) & known, truth == value))
        else:
            lung = part.labels.numpy() == Tissue.HEALTHY
            report["false share"].append(float((found[lung] > 0).mean()))
        styles += style_hu(network, part)
    return report | {"styles": styles}


def outlined(network: StichNet, part: TrainingSlices) -> tuple[np.ndarray, np.ndarray]:
    """Outline slices at the size that the network sees, and give the truth."""
    p = torch.cat(
        [network.predict_probabilities(grey.float()) for grey in part.pixels.split(16)]
    )
    found = torch.where(p.sum(dim=1) > 0.5, p.argmax(dim=1) + 1, 0)
    truth = part.labels.where(is_lesion(part.labels), 0)
    return found.numpy(), truth.numpy()


def style_hu(network: StichNet, part: TrainingSlices) -> list[list[float]]:
    """Tell of every slice with lung how the styles and the reconstruction are.

    A row holds the mean HU of healthy, opacity and consolidation style inside the
    lungs, that of the healthy style inside lesions, and the reconstruction's error.
    """
    rows = []
    for grey, labels in zip(part.pixels.float(), part.labels, strict=True):
        lung = labels != Tissue.OUTSIDE
        if lung.float().mean() < 0.02:
            continue
        output = network(grey[None])
        images = to_hu(output.styles[0])
        wanted = (Tissue.HEALTHY, Tissue.GGO, Tissue.CONSOLIDATION)
        error = (to_hu(output.reconstruction[0, 0]) - to_hu(grey[0])).abs()[lung].mean()
        lesion = is_lesion(labels)
        under = images[Tissue.HEALTHY][lesion].mean() if lesion.any() else torch.nan
        row = [images[tissue][lung].mean() for tissue in wanted]
        rows.append([round(float(value), 1) for value in (*row, under, error)])
    return [[None if value != value else value for value in row] for row in rows]


def to_hu(grey: torch.Tensor) -> torch.Tensor:
    """Turn grey in [0, 1] into HU, by the window of the preparation."""
    window = Prepare()
    low, high = window.window_low_hu, window.window_high_hu
    return grey * (high - low) + low


@torch.no_grad()
def draw(
    network: StichNet, pixels: torch.Tensor, labels: torch.Tensor, path: Path
) -> None:
    """Draw slices beside their reconstruction, styles and tissues."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    output = network(pixels)
    titles = ("CT", "stitched", "healthy", "opacity", "consolidation", "found", "true")
    figure, axes = plt.subplots(len(pixels), 7, figsize=(14, 2.1 * len(pixels)))
    for row, axis in enumerate(axes):
        styles = output.styles[row]
        found = output.log_tissue[row].argmax(dim=0)
        images = (
            pixels[row, 0],
            output.reconstruction[row, 0],
            styles[Tissue.HEALTHY],
            styles[Tissue.GGO],
            styles[Tissue.CONSOLIDATION],
        )
        for image, place in zip(images, axis, strict=False):
            place.imshow(image, cmap="gray", vmin=0, vmax=1)
        for image, place in zip((found, labels[row]), axis[5:], strict=True):
            place.imshow(image.clamp(0, 4), cmap="viridis", vmin=0, vmax=4)
    for title, place in zip(titles, axes[0], strict=True):
        place.set_title(title)
    for place in axes.flat:
        place.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def answers_file(options: argparse.Namespace, way: str, fold: int) -> Path:
    """Name the file with the scores of a way on a fold."""
    return options.out / f"{plain(way)}-{fold}.json"


def plain(way: str) -> str:
    """Write the name of a way without what a file name should not have."""
    return way.replace(", ", "-").replace(" ", "-").replace("+-", "")


def show(options: argparse.Namespace) -> None:
    """Print the scores and the styles of every way."""
    names = ("slices", "volumes", "ggo", "consolidation")
    print("| way | Dice, slices | Dice, volumes | GGO | consolidation |")
    print("|---|---|---|---|---|")
    reports = {way: joined(options, way) for way in WAYS}
    for way, report in reports.items():
        cells = " | ".join(cell(report[name]) for name in names)
        print(f"| {way} | {cells} |")
    print("\n| way | healthy HU | GGO HU | consolidation HU | in order | ", end="")
    print("healthy under lesions, HU | error, HU |\n|---|---|---|---|---|---|---|")
    for way, report in reports.items():
        rows = report["styles"]
        columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
        ordered = sum(row[0] < row[1] < row[2] for row in rows)
        means = [cell([v for v in column if v is not None], 0) for column in columns]
        print(
            f"| {way} | {' | '.join(means[:3])} | {ordered} of {len(rows)} | "
            f"{means[3]} | {means[4]} |"
        )


def joined(options: argparse.Namespace, way: str) -> dict[str, list]:
    """Join the scores of all folds that are done."""
    report: dict[str, list] = {}
    for fold in range(options.folds):
        file = answers_file(options, way, fold)
        if file.exists():
            for name, values in json.loads(file.read_text()).items():
                report.setdefault(name, []).extend(values)
    return {name: report.get(name, []) for name in REPORTED}


REPORTED = ("slices", "volumes", "ggo", "consolidation", "false share", "styles")


def cell(values: list[float], digits: int = 3) -> str:
    """Write mean ± 1.96 standard errors, or a dash where there is nothing."""
    if not values:
        return "–"
    interval = mean_interval(values)
    return f"{interval.mean:.{digits}f} ± {interval.high - interval.mean:.{digits}f}"


def say(line: str) -> None:
    """Print progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
