"""Kill training and saving at random moments and see whether anything is lost.

    python benchmarks/kills.py [--kills 100] [--seed 0]

Half of the kills (signal 9) hit a training that writes a checkpoint at every step;
after each it goes on, and at the end its weights are compared bit by bit with those
of a run that nobody disturbed.  The other half hit a process that adds cases and
masks to a store; after each, every save that was acknowledged must be there, and
`verify` must find no damaged file.  Prints what was counted; ends with 1 if anything
was lost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from covseg_core.cases.store import CaseStore
from covseg_core.cases.verify import verify
from covseg_core.learn.config import NewModel
from covseg_core.learn.learn import learn
from covseg_core.learn.plan import read_outcome, read_plan, run_folder
from covseg_core.learn.planning import make_plan
from covseg_core.phantom import make_block_phantom
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.training.config import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = TrainSettings(epochs=3, batch_size=4, device="cpu", checkpoint_s=0)
FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Kill, count, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COVSEG_HOME"] = str(Path(folder) / "home")
        store = make_store(Path(folder) / "cases")
        half = options.kills // 2
        lost = kill_training(store, half, chance)
        lost += kill_saving(Path(folder) / "saved", options.kills - half, chance)
    sys.exit(1 if lost else 0)


def make_store(root: Path) -> CaseStore:
    """Put in two phantoms to learn from and one that is held out."""
    store, blocks = CaseStore.create(root), make_block_phantom()
    for number, split in enumerate(("train", "train", "held-out")):
        add(store, blocks, number, split)
    return store


def add(store: CaseStore, blocks, number: int, split: str | None = None) -> str:
    """Add a phantom that differs from every other in one corner, and its mask."""
    hu = blocks.ct.hu.copy()
    hu[0, 0, :20] = [-1000 + (number >> bit & 1) for bit in range(20)]
    record = store.add_case(replace(blocks.ct, hu=hu), lungs=blocks.lungs, split=split)
    store.add_mask(record.case_id, blocks.lesions, source="manual")
    store.set_state(record.case_id, "done")
    return record.case_id


def kill_training(store: CaseStore, kills: int, chance: random.Random) -> int:
    """Kill a training again and again; count what differs in the end."""
    begun = time.perf_counter()
    train(store, "whole")
    whole_s = time.perf_counter() - begun
    done = 0
    while done < kills:
        name = f"cut-{done}"
        # Some runs are killed early and some late, a run several times.
        for _ in range(5):
            if done < kills and read(name) is None:
                kill_during(lambda n=name: train(store, n), whole_s * chance.random())
                done += 1
        train(store, name)
        if not same_weights("whole", name):
            print(f"{name}: other weights than the run that nobody disturbed")
            return 1
        print(f"training: {done} kills, all runs resumed, weights equal", flush=True)
    return 0


def train(store: CaseStore, name: str) -> None:
    """Begin a run, or go on with it, to its end."""
    torch.set_num_threads(1)
    resume = (run_folder(name) / "run.json").exists()
    plan = (
        read_plan(name)
        if resume
        else make_plan(store, name, NewModel(size=64), SETTINGS)
    )
    if read(name) is None:
        for _ in learn(store, plan, resume=resume):
            pass


def read(name: str) -> dict | None:
    """Read the outcome of a run, if it is over."""
    return read_outcome(name)


def same_weights(one: str, other: str) -> bool:
    """Compare two models bit by bit."""
    first, second = (
        load_model(find_model(name)).network.state_dict() for name in (one, other)
    )
    return all(torch.equal(first[key], second[key]) for key in first)


def kill_saving(root: Path, kills: int, chance: random.Random) -> int:
    """Kill a process that saves; count acknowledged saves that are not there."""
    store, blocks = CaseStore.create(root), make_block_phantom()
    told = root.with_suffix(".told")
    told.touch()
    for kill in range(kills):
        kill_during(lambda k=kill: save_many(store, blocks, k, told), chance.random())
    acknowledged = [line.split() for line in told.read_text().splitlines()]
    missing = [
        (case_id, number)
        for case_id, number in acknowledged
        if not has_mask(store, case_id, int(number))
    ]
    damaged = [str(problem) for problem in verify(store) if is_damage(problem)]
    cases = len(store.case_ids())
    print(
        f"saving: {kills} kills, {cases} cases, {len(acknowledged)} saves told of, "
        f"{len(missing)} missing, {len(damaged)} damaged files"
    )
    for line in damaged:
        print(f"  {line}")
    return len(missing) + len(damaged)


def save_many(store: CaseStore, blocks, kill: int, told: Path) -> None:
    """Add a case and masks until killed, telling of each save that came back."""
    for number in range(1000):
        case_id = add(store, blocks, 1 + 1000 * kill + number)
        for _ in range(3):
            version = store.add_mask(case_id, blocks.lesions, source="edited")
            with told.open("a") as file:
                file.write(f"{case_id} {version.number}\n")


def has_mask(store: CaseStore, case_id: str, number: int) -> bool:
    """Whether a mask is there and its bytes are those that were saved."""
    try:
        return store.mask(case_id, number).labels.any()
    except ValueError:
        return False


def is_damage(problem) -> bool:
    """Whether a problem is more than a save that was cut before it was told of."""
    return "its writer was stopped" not in problem.what


def kill_during(work: Callable[[], None], after_s: float) -> None:
    """Start something in a process of its own and kill it after a while."""
    child = FORK.Process(target=work)
    child.start()
    time.sleep(after_s)
    os.kill(child.pid, signal.SIGKILL)
    child.join()


if __name__ == "__main__":
    main()
