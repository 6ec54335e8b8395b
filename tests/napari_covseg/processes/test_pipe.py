from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from napari_covseg._processes.pipe import Answer, receive, send


@pytest.fixture
def ends():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as target:
        yield source, target


def through(ends, message):
    source, target = ends
    sender = threading.Thread(target=send, args=(target, message))
    sender.start()
    got = receive(source)
    sender.join()
    return got


def test_objects_come_out_as_they_went_in(ends):
    answer = through(ends, Answer(3, "step", {"done": 1}))
    assert (answer.number, answer.kind, answer.value) == (3, "step", {"done": 1})


def test_large_array_comes_whole_and_may_be_written_to(ends):
    sent = np.arange(300_000, dtype=np.float32).reshape(3, 100, 1000)
    got = through(ends, sent)
    np.testing.assert_array_equal(got, sent)
    got[0, 0, 0] = 7


def test_arrays_that_are_views_arrive_as_they_look(ends):
    sent = np.arange(24).reshape(2, 3, 4)[:, ::-1].transpose(2, 0, 1)
    np.testing.assert_array_equal(through(ends, sent), sent)


def test_empty_array_arrives(ends):
    assert through(ends, np.zeros((0, 3))).shape == (0, 3)


def test_messages_keep_their_order(ends):
    source, target = ends
    for number in range(5):
        send(target, number)
    assert [receive(source) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_closed_pipe_is_an_end_of_file(ends):
    source, target = ends
    send(target, "last")
    target.close()
    assert receive(source) == "last"
    with pytest.raises(EOFError):
        receive(source)
