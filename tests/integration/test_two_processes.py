"""Two processes train one model, however they were started."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.phantom import make_block_phantom
from covseg_core.registry.store import find_model

BIN = Path(sys.executable).parent
WAYS = {
    "devices": ([], ["--devices", "2"]),
    "torchrun": ([str(BIN / "torchrun"), "--nproc-per-node", "2"], []),
}


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
    command = [*before, str(BIN / "covseg"), "train", str(store), "--name", way]
    command += ["--size", "64", "--epochs", "1", "--batch-size", "4", *options]
    command += ["--device", "cpu", "--progress", "jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(event["event"] == "outcome" for event in events) == 1
    steps = [event["batch"] for event in events if event["event"] == "step"]
    assert steps == sorted(set(steps))
    assert find_model(way).card.training["processes"] == 2
