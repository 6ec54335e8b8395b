"""A line that waits for a run offers to stop it as long as that is safe."""

from __future__ import annotations

import threading

import pytest

from napari_covseg._files.export import Writing
from napari_covseg._files.read_scan import Reading
from napari_covseg._processes.worker import Run
from napari_covseg.widgets._waiting import WaitingLine

LONG = 10_000


@pytest.fixture
def line(qtbot):
    line = WaitingLine("Stop; nothing is written.")
    qtbot.addWidget(line)
    return line


@pytest.mark.parametrize(("step", "can_stop"), [(Reading, True), (Writing, False)])
def test_what_is_written_by_now_cannot_be_stopped(line, qtbot, step, can_stop):
    done = threading.Event()

    def steps():
        yield step("Working")
        done.wait(LONG / 1000)

    line.follow(Run(steps), "Beginning")
    qtbot.waitUntil(lambda: line.words.text() == "Working …", timeout=LONG)
    assert line.stop_button.isVisibleTo(line) is can_stop
    done.set()
    qtbot.waitUntil(lambda: not line.is_busy, timeout=LONG)
    assert not line.stop_button.isVisibleTo(line)
    assert not line.words.isVisibleTo(line)
