from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.change import Change
from covseg_core.editing.history import History


def change(title: str, seed: int = 0) -> Change:
    before = np.zeros((2, 16, 16), np.uint8)
    after = np.random.default_rng(seed).integers(0, 3, before.shape, np.uint8)
    return Change.between(title, before, after)


@pytest.fixture
def history():
    return History()


def test_nothing_can_be_undone_at_first(history):
    assert history.undo_title is None
    assert history.redo_title is None
    assert history.undo() is None
    assert history.redo() is None


def test_edits_are_undone_newest_first_and_redone_oldest_first(history):
    first, second = change("Brush"), change("Fill", 1)
    history.push(first)
    history.push(second)
    assert history.undo_title == "Fill"
    assert history.undo() is second
    assert history.undo() is first
    assert history.undo() is None
    assert history.redo_title == "Brush"
    assert history.redo() is first
    assert history.redo() is second
    assert history.redo() is None


def test_new_edit_forgets_what_was_undone(history):
    history.push(change("Brush"))
    history.undo()
    history.push(change("Fill", 1))
    assert history.redo_title is None
    assert history.undo_title == "Fill"


def test_oldest_edits_go_when_memory_is_used_up():
    one = change("Brush")
    history = History(limit_bytes=3 * one.nbytes)
    for number in range(10):
        history.push(change(f"Brush {number}"))
    assert history.nbytes <= 3 * one.nbytes
    undone = [history.undo().title for _ in range(3)]
    assert undone == ["Brush 9", "Brush 8", "Brush 7"]
    assert history.undo() is None


def test_newest_edit_stays_however_large():
    history = History(limit_bytes=1)
    history.push(change("Outline"))
    history.push(change("Smooth", 1))
    assert history.undo().title == "Smooth"
    assert history.undo() is None
