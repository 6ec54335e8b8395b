from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest

from covseg_core.cli import run as module
from covseg_core.errors import (
    GeometryError,
    InputRefusedError,
    ModelRefusedError,
    OutputError,
    UsageError,
)

PRINTING_WHILE_WRITING = """
import os, sys
from covseg_core.cli import run

def action(words, **_):
    with open(sys.argv[1], "wb"):
        os.write(1, b"a result")
        os.write(2, b"a warning of a library")

run.make_app = lambda: action
sys.exit(run.run([]))
"""


@pytest.fixture
def command(monkeypatch):
    """Let every command do this instead."""

    def install(action):
        def make_app():
            return lambda words, **_: action()

        monkeypatch.setattr(module, "make_app", make_app)

    return install


def raiser(error):
    def action():
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("too much."), 2),
        (InputRefusedError("too much."), 3),
        (GeometryError("too much."), 3),
        (ModelRefusedError("too much."), 4),
        (OutputError("too much."), 1),
        (MemoryError("too much."), 1),
    ],
)
def test_an_error_on_purpose_is_one_line_and_its_own_exit_code(
    error, code, command, refused
):
    command(raiser(error))
    assert refused(code, "inspect") == "covseg: too much.\n"


def test_a_message_of_many_lines_becomes_one(command, refused):
    command(raiser(UsageError("first\n  second\tthird")))
    assert refused(2, "inspect") == "covseg: first second third\n"


def test_the_user_can_stop_it(command, refused):
    command(raiser(KeyboardInterrupt()))
    assert refused(130, "predict") == "covseg: stopped.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("models list >&-", 0),
        ("models list --json >&- 2>&-", 0),
        ("nope 2>&-", 2),
        ("inspect none.nii.gz >&- 2>&- <&-", 3),
    ],
)
def test_closed_streams_change_no_exit_code(words, code):
    command = f"{sys.executable} -m covseg_core.cli {words}"
    answer = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (code, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_no_file_gets_what_is_printed_to_a_closed_stream(tmp_path):
    path = tmp_path / "file"
    command = f"{sys.executable} -c '{PRINTING_WHILE_WRITING}' {path} <&- >&- 2>&-"
    assert subprocess.run(command, shell=True, check=False).returncode == 0
    assert path.read_bytes() == b""


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (5, 5), ("text", 0)])
def test_a_command_may_choose_its_exit_code(answer, code, command, covseg):
    command(lambda: answer)
    assert covseg("inspect") == (code, "", "")


def test_a_bug_leaves_a_log_without_the_text_of_its_message(command, refused):
    def action():
        patient = "DOE^JANE"
        raise ZeroDivisionError(f"{patient} 1970-01-01")

    command(action)
    line = refused(1, "predict", "DOE_JANE.nii.gz")
    assert "DOE" not in line
    assert "this is a bug in covseg (ZeroDivisionError)" in line
    log = Path(re.search(r"trace is in (\S+\.log)\.", line).group(1))
    try:
        text = log.read_text(encoding="utf-8")
    finally:
        log.unlink()
    assert text.startswith("ZeroDivisionError\n")
    assert "test_run.py" in text
    assert "in action" in text
    assert "DOE" not in text.replace('patient = "DOE', "")
    assert "1970-01-01" not in text.replace('{patient} 1970-01-01")', "")


def test_what_the_machine_will_not_do_is_no_bug(command, refused):
    full = OSError(errno.ENOSPC, "No space left on device", "/home/DOE/mask.nii.gz")
    command(raiser(full))
    line = refused(1, "predict")
    assert line == "covseg: 'mask.nii.gz' cannot be used: No space left on device.\n"


def test_a_name_that_is_too_long_is_refused(refused):
    line = refused(3, "inspect", "a" * 300 + ".nii.gz")
    assert line.endswith("cannot be opened: File name too long.\n")


def test_debug_shows_the_traceback_of_a_refusal_before_the_line(command, covseg):
    command(raiser(InputRefusedError("too much.")))
    for words in (["--debug", "inspect"], ["inspect", "--debug"]):
        answer = covseg(*words)
        assert answer.code == 3
        assert answer.err.startswith("Traceback")
        assert "InputRefusedError: too much." in answer.err
        assert answer.err.endswith("\ncovseg: too much.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], 'Unknown command "nonsense"'),
        (["predict"], "INPUT requires an argument"),
        (["predict", "", "-o", "b"], "an argument is empty; give a value, or leave"),
        (["predict", "a", "--output="], "--output is empty; give a value, or leave"),
        (["predict", "a.nii.gz"], "--output requires an argument"),
        (["predict", "a.nii.gz", "-o", "b", "--nope"], "Unknown option: --nope"),
        (
            ["predict", "a", "-o", "b", "--threshold", "2"],
            "--threshold: input should be",
        ),
        (
            ["predict", "a", "-o", "b", "--threshold", "x"],
            "--threshold: input should be a valid number",
        ),
        (
            ["predict", "a", "-o", "b", "--batch-size", "0"],
            "--batch-size: input should",
        ),
        (
            ["predict", "a", "-o", "b", "--engine", "x"],
            "--engine: input should be 'auto', 'torch' or 'openvino', got 'x'",
        ),
        (
            ["predict", "a", "-o", "b", "--device", "gpu"],
            "--device: must be auto, cpu, cuda or cuda:N, got 'gpu'.",
        ),
        (["convert", "a.nii.gz"], "--output requires an argument"),
        (["inspect"], "INPUT requires an argument"),
        (["sample"], "FOLDER requires an argument"),
        (["models", "show"], "NAME requires an argument"),
    ],
)
def test_wrong_usage_is_told_in_one_line(words, sentence, refused):
    assert sentence in refused(2, *words)


def test_a_device_in_the_environment_that_nobody_has_is_wrong_usage(
    monkeypatch, refused
):
    monkeypatch.setenv("COVSEG_DEVICE", "gpu")
    # The command is imported when it is called, as in a process of its own.
    monkeypatch.delitem(sys.modules, "covseg_core.cli.predict", raising=False)
    line = refused(2, "predict", "a.nii.gz", "-o", "b.nii.gz")
    assert line.startswith("covseg: --device: must be auto, cpu, cuda or cuda:N, got")


def test_help_and_version_go_to_stdout(covseg):
    for words in ([], ["--help"], ["models"], ["predict", "--help"]):
        answer = covseg(*words)
        assert answer.code == 0
        assert answer.out.startswith("Usage: covseg")
        assert answer.err == ""
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", covseg("--version").out)
