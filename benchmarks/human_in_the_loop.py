"""See whether a model gets better as corrected cases come in, and what it forgets.

    python benchmarks/human_in_the_loop.py --data DIR [--seeds 3] [--out runs/loop]

DIR holds the collections as `recipes/sources.py` reads them.  A base model learns
from 8-bit slices.  Then scans come in one at a time, the true mask playing the
reader, and after each the model is fine-tuned in each of several ways.  Printed after
each step, mean over the seeds: Dice on scans that no model ever learns from, on scans
that came in before, and on slices like those of the base, held out as well (what it
forgets).

Every step is `covseg train` on a case store.  What is finished is kept in `--out`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from sources import labelled_slices, medseg_case

from covseg_core.cases.freeze import freeze
from covseg_core.cases.store import CaseStore
from covseg_core.io.atomic import write_json
from covseg_core.learn.compare import compare_models
from covseg_core.learn.config import NewModel
from covseg_core.learn.learn import learn
from covseg_core.learn.plan import read_outcome, read_plan
from covseg_core.learn.planning import make_plan
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of
from covseg_core.training.config import TrainSettings
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

# 02 and 03 show one patient, so both come in.
COMING = ("03", "06", "02", "05")
UNTOUCHED = ("01", "08")
HELD_OUT_SLICES = 10
BACKBONE = "regnety_004"
POLICIES = {
    "parent": {},
    "parent, nothing kept": {"parent_share": 0.0},
    "parent, no rehearsal": {"rehearsal": 0.0},
    "parent, neither": {"parent_share": 0.0, "rehearsal": 0.0},
    "base, all cases": {"start": "base"},
}
"""What is said beyond the defaults of `covseg train --parent`."""


def main() -> None:
    """Go the whole way with every seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/loop"))
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--base-epochs", type=int, default=30)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    show([learn_in_steps(options, seed) for seed in range(options.seeds)])


def learn_in_steps(options: argparse.Namespace, seed: int) -> dict:
    """Train the base, then every policy step by step; scores by policy and step."""
    out = options.out / str(seed)
    os.environ["COVSEG_HOME"] = str(out.resolve() / "home")
    store = make_store(options.data, out / "cases")
    how = {"device": "cpu", "seed": seed}
    settings = TrainSettings(epochs=options.base_epochs, **how)
    run(store, "base", NewModel(size=options.size, backbone=BACKBONE), settings)
    report = {"base": {"0": judge(store, "base", ())}}
    report |= {policy: {} for policy in POLICIES}
    for step, number in enumerate(COMING, start=1):
        add_scan(store, options.data, number, "train")
        epochs = max(options.slices // (40 + 40 * step), 1)
        for policy, said in POLICIES.items():
            name = f"{policy.replace(',', '').replace(' ', '-')}-{step}"
            before = name.replace(f"-{step}", f"-{step - 1}") if step > 1 else "base"
            network = {key: said[key] for key in said if key in NewModel.model_fields}
            rest = {key: said[key] for key in said if key not in network}
            settings = TrainSettings(epochs=epochs, **rest, **how)
            run(store, name, NewModel(parent=before, **network), settings)
            report[policy][str(step)] = judge(store, name, COMING[: step - 1])
            write_json(out / "report.json", report)
    return report


def make_store(data: Path, root: Path) -> CaseStore:
    """Put in the slices, and the scans that nobody learns from."""
    store = CaseStore.create(root)
    pictures = labelled_slices(data)
    for number, (grey, labels) in enumerate(pictures):
        held_out = number >= len(pictures) - HELD_OUT_SLICES
        grid = Grid.from_spacing((1, *grey.shape), (1.0, 1.0, 1.0))
        ct = CTVolume(grey[None].astype(np.float32), grid, is_hu=False)
        mask = LesionMask(labels[None], grid)
        split = "held-out" if held_out else "train"
        put_in(store, f"slice-{number:02d}", ct, mask, None, split)
    for number in UNTOUCHED:
        add_scan(store, data, number, "held-out")
    return store


def add_scan(store: CaseStore, data: Path, number: str, split: str) -> None:
    """Put in a scan with its true mask and lungs."""
    case = medseg_case(data, number)
    put_in(store, f"scan-{number}", case.ct, case.lesions, case.lungs, split)


def put_in(
    store: CaseStore,
    name: str,
    ct: CTVolume,
    mask: LesionMask,
    lungs: LungMask | None,
    split: str,
) -> None:
    """Put in whatever of a case an earlier start did not come to."""
    if name not in store.case_ids():
        store.add_case(ct, case_id=name, lungs=lungs, split=split)
    if not store.read(name).versions:
        store.add_mask(name, mask, source="edited", role="true mask")
    store.set_state(name, "done")


def run(store: CaseStore, name: str, wanted: NewModel, settings: TrainSettings) -> None:
    """Run a training to its end, or go on with it; nothing if it is finished."""
    try:
        plan, resume = read_plan(name), True
    except ValueError:
        plan, resume = make_plan(store, name, wanted, settings), False
    if resume and read_outcome(name) is not None:
        return
    for event in learn(store, plan, resume=resume):
        if getattr(event, "ends_epoch", False):
            say(f"{name} {event}")


def judge(store: CaseStore, name: str, came_before: tuple[str, ...]) -> dict:
    """Collect the Dice on held-out cases, and score the scans that came earlier."""
    outcome = read_outcome(name)
    scores = {row["case_id"]: row["after"] for row in outcome["held_out"]["cases"]}
    earlier = [f"scan-{number}" for number in came_before]
    cases = [
        case
        for case in freeze(store).cases
        if case.case_id not in scores
        and (case.case_id in earlier or case.split == "held-out")
    ]
    model = load_model(find_model(name))
    table = result_of(compare_models(store, cases, None, model, "cpu"))
    scores |= {case.case_id: case.after for case in table.cases}
    return {key: round(value, 4) for key, value in scores.items()}


def show(reports: list[dict]) -> None:
    """Print a line per policy and step, means over the seeds."""
    print("| start | scans | untouched scans | earlier scans | held-out slices |")
    print("|---|---|---|---|---|")
    untouched = [f"scan-{number}" for number in UNTOUCHED]
    for policy, steps in reports[0].items():
        for step in steps:
            scores = [
                pair for report in reports for pair in report[policy][step].items()
            ]
            groups = (
                [value for name, value in scores if name in untouched],
                [v for name, v in scores if "scan" in name and name not in untouched],
                [value for name, value in scores if "slice" in name],
            )
            cells = " | ".join(
                f"{np.mean(group):.3f}" if group else "–" for group in groups
            )
            print(f"| {policy} | {step} | {cells} |")


def say(line: str) -> None:
    """Print progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
