from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import QObject

from napari_covseg._processes.latest import LatestRun
from napari_covseg._processes.worker import Finished, Run


@pytest.fixture
def owner(qapp):
    return QObject()


def counting(stop_at):
    yield from range(stop_at)
    return stop_at


def waiting(go_on, name):
    while not go_on.is_set():
        yield name
        go_on.wait(0.01)
    return name


def test_steps_and_end_of_a_run_are_heard(owner, qtbot):
    latest, steps = LatestRun(owner), []
    latest.advanced.connect(steps.append)
    with qtbot.waitSignal(latest.ended) as ended:
        latest.start(Run(counting, 3))
        assert latest.is_busy
    assert isinstance(ended.args[0], Finished)
    assert ended.args[0].value == 3
    assert steps == [0, 1, 2]
    assert not latest.is_busy


def test_a_newer_run_takes_the_place_of_the_one_before(owner, qtbot):
    latest, heard = LatestRun(owner), []
    latest.ended.connect(lambda outcome: heard.append(outcome.value))
    first, second = threading.Event(), threading.Event()
    latest.start(Run(waiting, first, "first"))
    latest.start(Run(waiting, second, "second"))
    first.set()
    second.set()
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(50)
    assert heard == ["second"]


def test_nothing_is_heard_of_a_run_that_was_stopped(owner, qtbot):
    latest, heard = LatestRun(owner), []
    latest.ended.connect(heard.append)
    go_on = threading.Event()
    run = Run(waiting, go_on, "it")
    latest.start(run)
    with qtbot.waitSignal(run.ended):
        latest.stop()
    assert heard == []
    assert not latest.is_busy
