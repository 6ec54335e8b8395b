from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from napari_covseg._processes import covseg_process
from napari_covseg._processes.covseg_process import CovsegProcess, Ended

LONG = 180_000
TALK = """
import sys
print('{"event": "step", "epoch": 1}')
print("some library talks")
print('{"event": "outcome"}', flush=True)
sys.stderr.write("Warning: what a library says\\n")
"""
WAIT_FOR_A_STOP = """
import signal, sys, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print('{"event": "ready"}', flush=True)
while not asked:
    time.sleep(0.01)
print('{"event": "last"}', flush=True)
sys.stderr.write("covseg: stopped; go on with: covseg train\\n")
sys.exit(130)
"""


@pytest.fixture
def program(monkeypatch):
    """Run a script in place of `covseg`."""

    def use(script):
        command = (sys.executable, "-c", script)
        monkeypatch.setattr(covseg_process, "_COMMAND", command)

    return use


@pytest.fixture
def process(qapp):
    made = CovsegProcess("doctor")
    made.heard = []
    made.said.connect(made.heard.append)
    yield made
    made.stop()
    made.wait()


def run(process, qtbot) -> Ended:
    with qtbot.waitSignal(process.ended, timeout=LONG) as end:
        process.start()
    return end.args[0]


def test_lines_of_json_are_sent_and_others_passed_over(program, process, qtbot):
    program(TALK)
    end = run(process, qtbot)
    assert [event["event"] for event in process.heard] == ["step", "outcome"]
    assert end == Ended(0)
    assert end.is_done
    assert not process.is_running


def test_refusal_is_the_sentence_of_covseg(program, process, qtbot):
    program("import sys; sys.stderr.write('covseg: no case.\\n'); sys.exit(3)")
    end = run(process, qtbot)
    assert not end.is_done
    assert not end.is_stopped
    assert end.sentence == "No case."


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_crash_is_a_sentence(program, process, qtbot):
    program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    end = run(process, qtbot)
    assert end.code == -signal.SIGKILL
    assert "ended by signal 9, most often because memory ran out" in end.sentence


def test_traceback_of_a_library_is_not_shown(program, process, qtbot):
    program("raise SystemError('secret')")
    end = run(process, qtbot)
    assert end.sentence.startswith("The process ended with code 1")
    assert "secret" not in end.sentence


@pytest.mark.skipif(sys.platform == "win32", reason="it is stopped in another way")
def test_stopping_lets_it_end_its_step(program, process, qtbot):
    program(WAIT_FOR_A_STOP)
    with qtbot.waitSignal(process.said, timeout=LONG):
        process.start()
    with qtbot.waitSignal(process.ended, timeout=LONG) as end:
        process.stop()
        process.stop()
    assert [event["event"] for event in process.heard] == ["ready", "last"]
    assert end.args[0].is_stopped


def test_a_worse_model_is_no_failure():
    assert Ended(5).is_done
    assert not Ended(5).is_stopped


@pytest.mark.skipif(sys.platform == "win32", reason="it is stopped in another way")
def test_all_end_with_the_program(program, process, qtbot):
    program(WAIT_FOR_A_STOP)
    with qtbot.waitSignal(process.said, timeout=LONG):
        process.start()
    CovsegProcess.end_all()
    assert not process.is_running


LONELY = """
import os, sys
from qtpy.QtCore import QCoreApplication
from napari_covseg._processes import covseg_process
covseg_process._COMMAND = (sys.executable, "-u", "-c", sys.argv[1])
app = QCoreApplication([])
process = covseg_process.CovsegProcess()
process.said.connect(lambda event: (print(event["pid"], flush=True), os._exit(9)))
process.start()
app.exec()
"""
TALK_FOR_EVER = """
import os, time
while True:
    print('{"pid": %d}' % os.getpid(), flush=True)
    time.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signal 0 asks for nothing there")
def test_it_does_not_outlive_a_program_that_was_killed(qapp):
    lonely = subprocess.run(
        [sys.executable, "-c", LONELY, TALK_FOR_EVER],
        capture_output=True,
        text=True,
        check=False,
    )
    assert lonely.returncode == 9
    child = int(lonely.stdout.split()[0])
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the child still runs")
