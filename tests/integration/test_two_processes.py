"""Two processes train one model, however they were started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.learn.plan import run_folder
from covseg_core.phantom import make_block_phantom
from covseg_core.registry.store import find_model

BIN = Path(sys.executable).parent
WAYS = {
    "devices": ([], ["--devices", "2"]),
    "torchrun": ([str(BIN / "torchrun"), "--nproc-per-node", "2"], []),
}
# Slices that take longer to prepare than the other process would wait in a barrier.
SLOW = """
import sys, time
from datetime import timedelta
from lightning_fabric.strategies import DDPStrategy
from covseg_core.cli import main
from covseg_core.learn import slices

make, prepare = DDPStrategy.__init__, slices._slices_of

def impatient(self, *given, **settings):
    make(self, *given, **settings | {"timeout": timedelta(seconds=15)})

def slow(*given):
    time.sleep(20)
    return prepare(*given)

DDPStrategy.__init__, slices._slices_of = impatient, slow
sys.exit(main())
"""


@pytest.fixture
def store(tmp_path):
    made, blocks = CaseStore.create(tmp_path / "cases"), make_block_phantom()
    for number, split in enumerate(("train", "validation", "held-out")):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        made.add_case(ct, case_id=split, lungs=blocks.lungs, split=split)
        made.add_mask(split, blocks.lesions, source="manual")
        made.set_state(split, "done")
    return made.root


@pytest.mark.slow
@pytest.mark.skipif(not (BIN / "covseg").exists(), reason="covseg is not installed")
@pytest.mark.parametrize("way", WAYS)
def test_two_processes_make_one_model_and_one_report(store, way):
    before, options = WAYS[way]
    command = [*before, str(BIN / "covseg"), *words(store, way), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(event["event"] == "outcome" for event in events) == 1
    steps = [event["batch"] for event in events if event["event"] == "step"]
    assert steps == sorted(set(steps))
    assert find_model(way).card.training["processes"] == 2


@pytest.mark.slow
def test_the_others_wait_for_the_slices_however_long_they_take(store, tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    command = [*WAYS["torchrun"][0], str(script), *words(store, "slow")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.skipif(not (BIN / "covseg").exists(), reason="covseg is not installed")
def test_a_refused_scan_ends_both(store):
    blocks = make_block_phantom()
    nothing = replace(blocks.ct, hu=np.full_like(blocks.ct.hu, -1000))
    CaseStore(store).add_case(nothing, case_id="nothing", split="validation")
    CaseStore(store).add_mask("nothing", blocks.lesions, source="manual")
    CaseStore(store).set_state("nothing", "done")
    command = [str(BIN / "covseg"), *words(store, "refused"), *WAYS["devices"][1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "no lungs were found" in line
    assert not list(run_folder("refused").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no process groups")
@pytest.mark.skipif(not (BIN / "covseg").exists(), reason="covseg is not installed")
@pytest.mark.parametrize("moment", ["prepared", "step"])
@pytest.mark.parametrize("stop", [os.kill, os.killpg])
def test_who_is_stopped_says_so_once_and_both_end(store, moment, stop):
    command = [str(BIN / "covseg"), *words(store, "stopped", epochs=999)]
    with subprocess.Popen(
        [*command, *WAYS["devices"][1]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert any(json.loads(line)["event"] == moment for line in run.stdout)
        stop(run.pid, signal.SIGTERM)
        # Both have ended when nobody holds the pipe any more.
        _, told = run.communicate(timeout=60)
    again = "stopped; go on with: covseg train CASES --name stopped --resume"
    assert (run.returncode, told) == (130, f"covseg: {again}\n")


def words(store, name, epochs=1):
    """Say how to train on `store`."""
    return [
        *("train", str(store), "--name", name, "--device", "cpu"),
        *("--size", "64", "--epochs", str(epochs), "--batch-size", "4"),
        *("--progress", "jsonl"),
    ]
