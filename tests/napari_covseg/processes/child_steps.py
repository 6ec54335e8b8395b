"""Generators that a child process can import by name."""

from __future__ import annotations

import os
import signal
import time

from covseg_core.errors import InputRefusedError


def double(array):
    yield "doubling"
    return 2 * array


def where():
    yield os.getpid()


def refuse():
    yield 1
    raise InputRefusedError("no lungs were found.")


def stumble():
    yield 1
    return {}["missing"]


def die():
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)
    yield 2


def shout():
    print("not for the pipe")  # noqa: T201
    yield 1
    return 2


def sleep_long(seconds):
    yield os.getpid()
    time.sleep(seconds)
    yield "awake"


def count_for_ever():
    number = 0
    while True:
        time.sleep(0.01)
        yield number
        number += 1
