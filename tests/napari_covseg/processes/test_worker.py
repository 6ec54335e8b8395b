from __future__ import annotations

import gc
import threading

import pytest
from napari.utils.notifications import notification_manager

from covseg_core.errors import InputRefusedError
from napari_covseg._processes.worker import Failed, Finished, Run, Stopped, announce


def ended(qtbot, run: Run):
    """Start a run and wait for its outcome."""
    with qtbot.waitSignal(run.ended, timeout=10_000) as signal:
        run.start()
    return signal.args[0]


def test_run_sends_what_the_generator_yields_and_returns(qtbot):
    def steps(first, second):
        yield first
        yield second
        return first + second

    run, seen = Run(steps, 3, 4), []
    run.advanced.connect(seen.append)
    outcome = ended(qtbot, run)
    assert isinstance(outcome, Finished)
    assert outcome.value == 7
    assert seen == [3, 4]


def test_generator_runs_in_another_thread_and_answers_come_in_this_one(qtbot):
    def steps():
        yield threading.get_ident()

    run, threads = Run(steps), []
    run.advanced.connect(lambda worker: threads.extend([worker, threading.get_ident()]))
    ended(qtbot, run)
    assert threads[0] != threading.main_thread().ident
    assert threads[1] == threading.main_thread().ident


def test_stop_ends_an_endless_generator(qtbot):
    def steps():
        while True:
            yield 1

    run = Run(steps)
    run.advanced.connect(lambda _: run.stop())
    assert isinstance(ended(qtbot, run), Stopped)


@pytest.mark.parametrize("kind", [InputRefusedError, RuntimeError, KeyError])
def test_no_error_is_lost(qtbot, kind):
    def steps():
        yield 1
        raise kind("the scan is empty")

    outcome = ended(qtbot, Run(steps))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, kind)


def test_run_lives_until_its_end_though_nobody_keeps_it(qtbot):
    seen = []

    def steps():
        yield 1
        yield 2

    run = Run(steps)
    run.advanced.connect(seen.append)
    run.start()
    del run
    gc.collect()
    qtbot.waitUntil(lambda: not Run._alive)
    assert seen == [1, 2]


def test_nothing_is_sent_for_a_heartbeat(qtbot):
    def steps():
        yield None
        yield 1
        yield None

    run, seen = Run(steps), []
    run.advanced.connect(seen.append)
    ended(qtbot, run)
    assert seen == [1]


def test_stopped_generator_is_closed(qtbot):
    closed = []

    def steps():
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.get_ident())

    run = Run(steps)
    run.advanced.connect(lambda _: run.stop())
    ended(qtbot, run)
    assert len(closed) == 1
    assert closed[0] != threading.main_thread().ident


def test_refusal_is_told_in_its_own_words():
    failed = Failed(InputRefusedError("no lungs were found."))
    assert failed.is_expected
    assert failed.sentence == "No lungs were found."
    announce(failed)
    assert notification_manager.records[-1].message == "No lungs were found."


def test_bug_is_told_without_its_details_and_reported_whole():
    bug = ZeroDivisionError("/home/muster/scan")
    failed = Failed(bug)
    assert "ZeroDivisionError" in failed.sentence
    assert "muster" not in failed.sentence
    announce(failed)
    assert notification_manager.records[-1].exception is bug
