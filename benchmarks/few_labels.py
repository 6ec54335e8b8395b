"""Compare ways to learn from few labelled slices: pretraining and pseudo-labels.

    python benchmarks/few_labels.py --data DIR [--seeds 3] [--size 128]

DIR holds the collections as `recipes/sources.py` reads them.  For every seed a third
of the 50 labelled slices, neighbours together, is kept for judging, as are all
infected slices of the volumes, whose patients nothing here ever learns from.  Of
the rest 5, 10, 25 or all slices are labelled.  The ways:

    scratch        random weights
    random masks   pretrained by inpainting randomly erased parts of unlabelled slices
    coach          the same, erased by a coach
    coach, longer  the same, trained on for as many steps as the next one
    coach + PL     the same, then rounds of pseudo-labels (`covseg self-train`,
                   recipe u-net)
    coach + PL, true last   the same with the recipe inf-net: after the rounds on the
                   pseudo-labels alone, then on the true labels alone

All are trained for the same number of steps.  The schedule is short; `--steps`,
`--pretrain-epochs` and `--unlabelled` lengthen it.  What is finished is kept in
`--out` and not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from sources import MEDSEG_CASES, labelled_slices, medseg_case

from covseg_core.cases.store import CaseStore
from covseg_core.io.atomic import write_json
from covseg_core.io.images import list_slices, read_picture_ct
from covseg_core.labels import INFECTION
from covseg_core.learn.rounds.config import SelfTrainSettings
from covseg_core.learn.rounds.plan import plan_rounds
from covseg_core.learn.rounds.run import self_train
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.metrics import dice
from covseg_core.metrics.intervals import mean_interval
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import find_model, models_folder
from covseg_core.registry.weights import load_model, save_model
from covseg_core.steps import result_of
from covseg_core.training.config import TrainSettings
from covseg_core.training.data import (
    TrainingSlices,
    join,
    slice_of_image,
    slices_of_volume,
)
from covseg_core.training.devices import make_fabric
from covseg_core.training.pretrain import pretrain
from covseg_core.training.pretrain_config import PretrainSettings
from covseg_core.training.start import start
from covseg_core.training.validate import predict_classes
from covseg_core.transforms.prepare import Prepare
from covseg_core.volume import CTVolume, Grid, LesionMask, Source

if TYPE_CHECKING:
    from covseg_core.models.network import SegmentationNetwork

ARGUMENTS = {
    "backbone": "regnety_002",
    "ra_channels": (64, 48, 32),
    "edge_channels": 32,
}
LABELLED = (5, 10, 25, None)
WAYS = (
    "scratch",
    "random masks",
    "coach",
    "coach, longer",
    "coach + PL",
    "coach + PL, true last",
)
FOLDS = 3
BATCH = 8


def main() -> None:
    """Train and judge whatever is not finished, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/few_labels"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", type=int, nargs="*", help="some of the seeds")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--pretrain-epochs", type=int, default=5)
    parser.add_argument("--unlabelled", type=int, default=64)
    parser.add_argument("--group", type=int, default=16)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.only or range(options.seeds):
        Trial(options, seed).run()
    show(options)


class Trial:
    """All ways for one seed.

    Parameters
    ----------
    options : Namespace
        Of the command line.
    seed : int
        Chooses slices, weights and the order of everything.
    """

    def __init__(self, options: argparse.Namespace, seed: int) -> None:
        self.options, self.seed = options, seed
        self.prepare = Prepare(size=options.size)
        pictures = labelled_slices(options.data)
        runs = np.array_split(np.arange(len(pictures)), FOLDS)
        judged = set(runs[seed % FOLDS].tolist())
        pool = [pair for number, pair in enumerate(pictures) if number not in judged]
        order = np.random.default_rng(seed).permutation(len(pool))
        self.pool = [pool[number] for number in order]
        self._coached: dict[int | None, SegmentationNetwork] = {}
        self.slices = self._prepared([pictures[number] for number in sorted(judged)])

    def run(self) -> None:
        """Do what is not finished."""
        missing = [
            (way, count)
            for count in LABELLED
            for way in WAYS
            if not answers_file(self.options, self.seed, way, count).exists()
        ]
        if not missing:
            return
        self.volumes = infected_slices(self.options, self.prepare)
        for way, count in missing:
            network = self._made(way, count)
            scores = {
                "slices": dice_of(network, self.slices, self.prepare),
                "volumes": [
                    float(np.mean(dice_of(network, part, self.prepare)))
                    for part in self.volumes
                ],
            }
            write_json(answers_file(self.options, self.seed, way, count), scores)
            means = [f"{np.mean(values):.3f}" for values in scores.values()]
            say(f"seed {self.seed}, {count or 'all'} labels, {way}: {means}")

    def _made(self, way: str, count: int | None) -> SegmentationNetwork:
        data, steps = self._prepared(self.pool[:count]), self.options.steps
        if way == "scratch":
            return self._tuned(data, steps, None)
        if way == "random masks":
            return self._tuned(data, steps, self._pretrained("random"))
        if count not in self._coached:
            self._coached[count] = self._tuned(data, steps, self._pretrained("coach"))
        coached = self._coached[count]
        if way == "coach":
            return coached
        if way == "coach, longer":
            longer = self._steps_in_rounds(len(data))
            return self._tuned(data, longer, coached.state_dict(), rate=3e-4)
        recipe = "inf-net" if way.endswith("true last") else "u-net"
        return self._in_rounds(coached, self.pool[:count], recipe)

    def _prepared(
        self, pictures: list[tuple[np.ndarray, np.ndarray]]
    ) -> TrainingSlices:
        return join([slice_of_image(*pair, self.prepare) for pair in pictures])

    def _network(self) -> SegmentationNetwork:
        torch.manual_seed(self.seed)
        return create_model("infnet", **ARGUMENTS)

    def _pretrained(self, masks: str) -> dict[str, torch.Tensor]:
        """Learn from the unlabelled slices and those that may be labelled."""
        kept = answers_file(
            self.options, self.seed, f"pretrained {masks}", None
        ).with_suffix(".pt")
        if kept.exists():
            return torch.load(kept)
        folder = self.options.data / "slices_unlabelled"
        scans = [read_picture_ct(path) for path in list_slices(folder)]
        empty = [LesionMask(np.zeros(ct.grid.shape, np.uint8), ct.grid) for ct in scans]
        data = join(
            [
                slices_of_volume(ct, mask, None, self.prepare)
                for ct, mask in zip(scans, empty, strict=True)
            ]
            + [self._prepared(self.pool)]
        )
        settings = PretrainSettings(
            masks=masks,
            epochs=self.options.pretrain_epochs,
            batch_size=BATCH,
            device="cpu",
            seed=self.seed,
        )
        fabric = make_fabric(settings.training)
        run = pretrain(self._network(), data, self.prepare, settings, fabric)
        for step in run.steps:
            if step.batch == step.batches:
                say(f"seed {self.seed}, {masks}: epoch {step.epoch} {step.loss:.3f}")
        torch.save(run.handed_on(), kept)
        return run.handed_on()

    def _tuned(
        self,
        data: TrainingSlices,
        steps: int,
        state: dict[str, torch.Tensor] | None,
        rate: float = 1e-3,
    ) -> SegmentationNetwork:
        """Train on labelled slices, from random weights or a state."""
        network = self._network()
        if state is not None:
            network.load_state_dict(state)
        batches = max(len(data) // BATCH, 1)
        settings = TrainSettings(
            epochs=max(round(steps / batches), 1),
            batch_size=BATCH,
            learning_rate=rate,
            device="cpu",
            seed=self.seed,
        )
        training = start(network, data, self.prepare, settings, make_fabric(settings))
        for _ in training.steps:
            pass
        return network

    def _steps_in_rounds(self, true: int) -> int:
        """Count the steps that rounds of pseudo-labels take."""
        rounds = range(1, self.options.unlabelled // self.options.group + 1)
        group = self.options.group
        return sum(max((true + group * done) // BATCH, 1) for done in rounds)

    def _in_rounds(
        self,
        network: SegmentationNetwork,
        pictures: list[tuple[np.ndarray, np.ndarray]],
        recipe: str,
    ) -> SegmentationNetwork:
        """Go on with a network as `covseg self-train` does, in a home of its own."""
        with tempfile.TemporaryDirectory() as folder:
            os.environ["COVSEG_HOME"] = folder
            card = ModelCard(
                name="parent",
                summary="Trained on few labels.",
                architecture="infnet",
                arguments=ARGUMENTS,
                label_set=INFECTION.name,
                prepare=self.prepare,
            )
            save_model(models_folder() / "parent", card, network.state_dict())
            store = CaseStore.create(Path(folder) / "cases")
            for grey, labels in pictures:
                add_picture(store, grey, labels)
            settings = SelfTrainSettings(
                recipe=recipe,
                group=self.options.group,
                limit=self.options.unlabelled,
                batch_size=BATCH,
                device="cpu",
                seed=self.seed,
            )
            scans = find_unlabelled([self.options.data / "slices_unlabelled"])
            plan = result_of(plan_rounds(store, scans, "child", "parent", settings))
            result_of(self_train(store, plan))
            made = load_model(find_model("child")).network
        if made is None:
            raise RuntimeError("the rounds made a model without a network")
        return made


def answers_file(
    options: argparse.Namespace, seed: int, way: str, count: int | None
) -> Path:
    """Name the file with the scores of a way from some labels."""
    schedule = f"{options.size}-{options.steps}-{options.pretrain_epochs}"
    folder = options.out / f"{schedule}-{options.unlabelled}"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{way.replace(' ', '-').replace(',', '')}-{count or 'all'}"
    return folder / f"{name}-seed{seed}.json"


def infected_slices(
    options: argparse.Namespace, prepare: Prepare
) -> list[TrainingSlices]:
    """Read the infected slices of every volume, patient by patient."""
    found = []
    for number in MEDSEG_CASES:
        case = medseg_case(options.data, number)
        part = slices_of_volume(case.ct, case.lesions, case.lungs, prepare)
        # A few pixels at this size are a matter of resampling, not of outlining.
        infected = (part.labels > 0).flatten(1).sum(dim=1) >= 20
        if infected.any():
            kept = (part.pixels, part.labels, part.weights)
            found.append(TrainingSlices(*(each[infected] for each in kept)))
    return found


def dice_of(
    network: SegmentationNetwork, data: TrainingSlices, prepare: Prepare
) -> list[float]:
    """Score every slice at threshold 0.5, at the size that the network sees."""
    answers = predict_classes(network, data, prepare).numpy() > 0
    return [
        dice(found, truth > 0)
        for found, truth in zip(answers, data.labels.numpy(), strict=True)
    ]


def add_picture(store: CaseStore, grey: np.ndarray, labels: np.ndarray) -> None:
    """Make a labelled slice a finished case of the training split."""
    grid = Grid.from_spacing((1, *grey.shape), (1.0, 1.0, 1.0))
    ct = CTVolume(
        grey[None].astype(np.float32), grid, is_hu=False, source=Source("images")
    )
    record = store.add_case(ct, split="train")
    store.add_mask(record.case_id, LesionMask(labels[None], grid), source="manual")
    store.set_state(record.case_id, "done")


def show(options: argparse.Namespace) -> None:
    """Print a table for either set: a line per way, a column per number of labels."""
    for judged in ("slices", "volumes"):
        print(f"\n{judged}: mean Dice of all seeds\n")
        titles = " | ".join(str(count or "all") for count in LABELLED)
        print(f"| way | {titles} |\n|---|{'---|' * len(LABELLED)}")
        for way in WAYS:
            cells = " | ".join(cell(options, way, count, judged) for count in LABELLED)
            print(f"| {way} | {cells} |")


def cell(options: argparse.Namespace, way: str, count: int | None, judged: str) -> str:
    """Write the mean over seeds ± 1.96 standard errors between seeds."""
    means = []
    for seed in range(options.seeds):
        file = answers_file(options, seed, way, count)
        if file.exists():
            means.append(float(np.mean(json.loads(file.read_text())[judged])))
    if not means:
        return "–"
    interval = mean_interval(means)
    return f"{interval.mean:.3f} ± {interval.high - interval.mean:.3f}"


def say(line: str) -> None:
    """Print progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
