from __future__ import annotations

import threading

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.errors import InputRefusedError
from covseg_core.steps import result_of
from napari_covseg._processes.worker import Finished, Run
from napari_covseg._worklist.open_case import CaseWish, open_case
from napari_covseg._worklist.prefetch import Prefetch

LONG = 180_000
READING = "napari_covseg._worklist.prefetch.open_case"


@pytest.fixture
def wish(tmp_path, phantom):
    """A case with a mask and lungs."""
    store = CaseStore.create(tmp_path / "cases")
    store.add_case(phantom.ct, case_id="a", lungs=phantom.lungs)
    store.add_mask("a", phantom.lesions, source="manual")
    return CaseWish(store.root, "a")


@pytest.fixture
def prefetch(qapp):
    ahead = Prefetch()
    yield ahead
    ahead.forget()


def opened(prefetch, wish, qtbot):
    outcomes = []
    run = Run(prefetch.open, wish)
    run.ended.connect(outcomes.append)
    run.start()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=LONG)
    return outcomes[0]


def test_a_case_that_was_read_ahead_is_not_read_again(
    prefetch, wish, qtbot, monkeypatch
):
    prefetch.want(wish)
    qtbot.waitUntil(lambda: prefetch.is_ready, timeout=LONG)
    monkeypatch.setattr(READING, refuse)
    outcome = opened(prefetch, wish, qtbot)
    assert isinstance(outcome, Finished)
    assert outcome.value.record.case_id == "a"


def test_a_case_that_is_being_read_is_waited_for(prefetch, wish, qtbot, monkeypatch):
    go_on, calls = threading.Event(), []

    def slow(asked):
        calls.append(asked)
        while not go_on.is_set():
            yield None
            go_on.wait(0.01)
        return (yield from open_case(asked))

    monkeypatch.setattr(READING, slow)
    prefetch.want(wish)
    qtbot.waitUntil(lambda: bool(calls), timeout=LONG)
    outcomes = []
    run = Run(prefetch.open, wish)
    run.ended.connect(outcomes.append)
    run.start()
    go_on.set()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=LONG)
    assert outcomes[0].value.record.case_id == "a"
    assert calls == [wish]


def test_another_wish_takes_the_place_of_the_one_before(
    prefetch, wish, qtbot, monkeypatch
):
    stopped = threading.Event()

    def endless(asked):
        try:
            while True:
                yield None
        finally:
            stopped.set()

    monkeypatch.setattr(READING, endless)
    prefetch.want(CaseWish(wish.root, "b"))
    monkeypatch.setattr(READING, open_case)
    prefetch.want(wish)
    qtbot.waitUntil(stopped.is_set, timeout=LONG)
    qtbot.waitUntil(lambda: prefetch.is_ready, timeout=LONG)
    assert prefetch.wish == wish


def test_a_failure_is_told_once_and_the_case_can_still_be_asked_for(
    prefetch, wish, qtbot
):
    gone = CaseWish(wish.root, "gone")
    with qtbot.waitSignal(prefetch.failed, timeout=LONG) as failed:
        prefetch.want(gone)
    assert failed.args[0] == "gone"
    assert "there is no case 'gone'" in failed.args[1].lower()
    assert "there is no case" in str(opened(prefetch, gone, qtbot).error)


def test_forgetting_gives_the_memory_back(prefetch, wish, qtbot):
    prefetch.want(wish)
    qtbot.waitUntil(lambda: prefetch.is_ready, timeout=LONG)
    prefetch.forget()
    assert prefetch.wish is None
    assert not prefetch.is_ready


def refuse(asked):
    raise InputRefusedError("it was read again")
    yield


def test_the_steps_come_from_reading(prefetch, wish):
    assert result_of(prefetch.open(wish)).version.number == 1
