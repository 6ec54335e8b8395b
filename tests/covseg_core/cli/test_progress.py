from __future__ import annotations

import pytest
from rich.console import Console

from covseg_core.cli import progress
from covseg_core.cli.progress import follow
from covseg_core.inference.predict import Progress


def job():
    yield Progress("Finding the lungs")
    yield Progress("Outlining infection", 3, 7)
    return "the result"


def test_the_result_comes_back_and_a_pipe_sees_no_bar(capsys):
    assert follow(job()) == "the result"
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_stage_and_count_on_stderr(capsys, monkeypatch):
    monkeypatch.setattr(
        progress, "Console", lambda stderr: Console(stderr=stderr, force_terminal=True)
    )
    assert follow(job()) == "the result"
    out, err = capsys.readouterr()
    assert out == ""
    assert "Outlining infection" in err
    assert "3/7" in err


def test_an_error_passes_through():
    def fail():
        yield Progress("Loading the network")
        raise ValueError("no network")

    with pytest.raises(ValueError, match="no network"):
        follow(fail())
