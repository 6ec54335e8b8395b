from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from covseg_core.errors import InputRefusedError
from napari_covseg._processes import child
from napari_covseg._processes.child import ChildEndedError, in_child, warm_up

FOLDER = Path(__file__).parent


@pytest.fixture(autouse=True)
def steps(monkeypatch):
    """The generators of `child_steps`, which children can import too."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER), prepend=os.pathsep)
    child._end_all()
    child._idle.clear()
    spec = importlib.util.spec_from_file_location(
        "child_steps", FOLDER / "child_steps.py"
    )
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "child_steps", module)
    spec.loader.exec_module(module)
    yield module
    child._end_all()
    child._idle.clear()


def run(*call):
    """Run to the end; give the steps and the result."""
    seen, running = [], in_child(*call)
    while True:
        try:
            seen.append(next(running))
        except StopIteration as end:
            return [step for step in seen if step is not None], end.value


def test_steps_and_result_come_from_another_process(steps):
    seen, result = run(steps.double, np.arange(6.0))
    assert seen == ["doubling"]
    np.testing.assert_array_equal(result, 2 * np.arange(6.0))
    (process,), _ = run(steps.where)
    assert process != os.getpid()


def test_one_child_serves_one_run_after_the_other(steps):
    first, second = (run(steps.where)[0] for _ in range(2))
    assert first == second


def test_warm_child_is_used_for_the_next_run(steps):
    warm_up()
    while not child._idle:
        time.sleep(0.01)
    waiting = child._idle[0]._process.pid
    assert run(steps.where)[0] == [waiting]


def test_warm_child_is_offered_once_nobody_else_writes_to_it(monkeypatch):
    offered = []
    monkeypatch.setattr(
        child._Child, "ask", lambda *request: offered.append(list(child._idle))
    )
    child._warm_up()
    assert offered == [[]]
    assert len(child._idle) == 1


def test_refusal_is_raised_here_in_its_own_words(steps):
    with pytest.raises(InputRefusedError, match="no lungs were found"):
        run(steps.refuse)


def test_bug_tells_where_it_was(steps):
    with pytest.raises(KeyError, match="missing") as caught:
        run(steps.stumble)
    assert "in stumble" in "".join(caught.value.__notes__)


def test_crash_is_told_and_the_next_run_has_a_new_child(steps):
    with pytest.raises(ChildEndedError, match="ended by signal 9"):
        run(steps.die)
    assert run(steps.double, np.ones(1))[1] == 2


class TooLarge:
    """Fits into no memory once it is unpickled."""

    def __reduce__(self):
        return bytearray, (1 << 62,)


def test_request_that_cannot_be_read_ends_the_child(steps):
    with pytest.raises(ChildEndedError, match="ended with status 1"):
        run(steps.double, TooLarge())


def test_what_others_print_does_not_disturb(steps):
    assert run(steps.shout) == ([1], 2)


def test_stopped_run_frees_the_child(steps):
    running = in_child(steps.count_for_ever)
    while next(running) is None:
        pass
    running.close()
    assert len(child._idle) == 1
    assert run(steps.double, np.ones(1))[1] == 2


def test_run_that_does_not_stop_is_killed(steps):
    running = in_child(steps.sleep_long, 600)
    process = None
    while process is None:
        process = next(running)
    # Heartbeats, until it surely sleeps.
    assert [next(running) for _ in range(5)] == [None] * 5
    running.close()
    assert not psutil.pid_exists(process)
    assert not child._idle


PARENT = """
import time
from napari_covseg._processes.child import in_child
from child_steps import sleep_long
running = in_child(sleep_long, 600)
process = None
while process is None:
    process = next(running)
print(process, flush=True)
time.sleep(600)
"""


def test_child_ends_with_a_window_that_was_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([child], timeout=30)[1] == []
