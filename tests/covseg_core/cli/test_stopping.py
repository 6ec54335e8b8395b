from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from covseg_core.cli.stopping import noted_stops

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there these signals end at once"
)

STOPPED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from covseg_core.cli import main, run
from covseg_core.io.atomic import write_atomically

def action(words, **_):
    stop = lambda temporary: os.kill(os.getpid(), signal.Signals[sys.argv[2]])
    write_atomically(Path(sys.argv[1]), stop)

run.make_app = lambda: action
"""
PROGRAM = STOPPED_WHILE_WRITING + "main()"
LIBRARY = STOPPED_WHILE_WRITING + "run.run([])"


@pytest.fixture
def stopped(tmp_path):
    """Have a Python program send itself a signal while it writes a file."""

    def call(program, name, hangup=signal.SIG_DFL):
        words = sys.executable, "-c", program, tmp_path / "out" / "ct.nii.gz", name
        (tmp_path / "out").mkdir()
        return subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
        )

    return call


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_stops_it_as_ctrl_c_does_and_leaves_no_hidden_file(
    name, stopped, tmp_path
):
    answer = stopped(PROGRAM, name)
    assert (answer.returncode, answer.stderr) == (130, "covseg: stopped.\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_sigterm_ends_who_calls_it_from_python(stopped):
    assert stopped(LIBRARY, "SIGTERM").returncode == -signal.SIGTERM


def test_it_runs_on_when_the_terminal_is_closed_if_that_is_to_be_ignored(stopped):
    answer = stopped(PROGRAM, "SIGHUP", signal.SIG_IGN)
    assert "stopped" not in answer.stderr


def test_a_stop_is_noted_once_and_then_obeyed():
    with noted_stops() as heard:
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_would_end_a_program_of_python_is_not_noted():
    with noted_stops():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
