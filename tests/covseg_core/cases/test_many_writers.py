"""Several programs on one store, and programs that are killed while they write."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.cases.verify import STOPPED, verify
from covseg_core.volume import Grid

if TYPE_CHECKING:
    from pathlib import Path

# One program is started once and makes each writer by forking, which is quick.
WRITERS = """
import json, os, signal, sys
from pathlib import Path
import numpy as np
from covseg_core.cases.store import CaseStore
from covseg_core.volume import CTVolume, Grid, LesionMask

def write(root, acknowledged, name, rounds):
    def tell(*facts):
        os.write(out, (json.dumps(facts) + "\\n").encode())

    out = os.open(acknowledged, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    grid = Grid.from_spacing((3, 8, 8), (5, 1, 1))
    rng = np.random.default_rng(name)
    store = CaseStore.create(root)
    for number in range(rounds):
        hu = rng.integers(-1000, 200, grid.shape).astype(np.float32)
        patient = f"patient {number % 3}"
        record = store.add_case(CTVolume(hu, grid), patient=patient)
        tell("case", record.case_id, record.image_sha256)
        labels = np.zeros(grid.shape, np.uint8)
        labels.flat[: name * 2 + number % 5] = 1
        mask = LesionMask(labels, grid)
        for case_id in (record.case_id, "shared"):
            version = store.add_mask(case_id, mask, source="edited", role=f"r{name}")
            tell("mask", case_id, version.number, int(labels.sum()))

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    root, acknowledged, name, rounds = json.loads(line)
    writer = os.fork()
    if writer == 0:
        code = 1
        try:
            write(Path(root), acknowledged, name, rounds)
            code = 0
        finally:
            os._exit(code)
    print(writer, flush=True)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


class Writer(NamedTuple):
    """A running program that adds cases and masks."""

    process: int
    acknowledged: Path

    @property
    def is_running(self):
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self, saves=None):
        """Wait until it is gone, or has told of so many saves."""
        while self.is_running and (saves is None or len(self.saves()) < saves):
            time.sleep(0.002)

    def saves(self):
        """What it said that it has saved; a killed one may say half a line."""
        if not self.acknowledged.exists():
            return []
        lines = self.acknowledged.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("]")]


@pytest.fixture
def shared(store, make_ct):
    """A store with a case that every writer adds masks to."""
    grid = Grid.from_spacing((3, 8, 8), (5, 1, 1))
    store.add_case(make_ct(99, grid=grid), case_id="shared")
    return store


@pytest.fixture
def start(shared, tmp_path):
    """Start a writer."""
    program = subprocess.Popen(
        [sys.executable, "-c", WRITERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    started = []

    def begin(name, rounds):
        acknowledged = tmp_path / f"acknowledged {name}"
        order = [str(shared.root), str(acknowledged), name, rounds]
        program.stdin.write(json.dumps(order) + "\n")
        program.stdin.flush()
        writer = Writer(int(program.stdout.readline()), acknowledged)
        started.append(writer)
        return writer

    yield begin
    for writer in started:
        with suppress(ProcessLookupError):
            os.kill(writer.process, signal.SIGKILL)
    program.kill()
    program.communicate()


def require_kept(store, saves):
    """Check that every save is there with the voxels that were saved."""
    for kind, case_id, *facts in saves:
        if kind == "case":
            assert store.read(case_id).image_sha256 == facts[0]
            store.ct(case_id)
        else:
            number, voxels = facts
            assert int(store.mask(case_id, number).labels.sum()) == voxels


def test_eight_writers_at_once_lose_nothing(shared, start):
    writers = [start(name, 3) for name in range(1, 9)]
    for writer in writers:
        writer.wait()
    saves = [save for writer in writers for save in writer.saves()]
    assert len(saves) == 8 * 3 * 3
    require_kept(shared, saves)
    assert list(verify(shared)) == []
    records = shared.list_cases()
    assert len(records) == 1 + 24
    numbers = [version.number for version in shared.read("shared").versions]
    assert numbers == list(range(1, 25))
    patients = {}
    for record in records:
        assert patients.setdefault(record.patient, record.split) == record.split
    assert len(patients) == 1 + 3


def kill_writers(store, start, times):
    """Kill writers at random moments and check the store after each."""
    moments = random.Random(7)
    saves = []
    for name in range(times):
        writer = start(name + 1, 1000)
        # A busy machine is slow, so progress and not the clock says when.
        writer.wait(saves=moments.randint(1, 5))
        time.sleep(moments.uniform(0, 0.03))
        os.kill(writer.process, signal.SIGKILL)
        writer.wait()
        saves += writer.saves()
        require_kept(store, saves[-20:])
        broken = [problem for problem in verify(store) if problem.what != STOPPED]
        assert broken == []
    require_kept(store, saves)
    assert saves


def require_usable(store):
    """Check that a store which writers died on takes in what they left."""
    for case_id in store.case_ids():
        store.set_state(case_id, "in progress")
    assert list(verify(store)) == []
    if store.read("shared").versions:
        assert store.mask("shared").labels.max() <= 1


def test_killed_writers_damage_nothing(shared, start):
    kill_writers(shared, start, 5)
    require_usable(CaseStore(shared.root))


@pytest.mark.slow
def test_sixty_killed_writers_damage_nothing(shared, start):
    kill_writers(shared, start, 60)
    require_usable(CaseStore(shared.root))
