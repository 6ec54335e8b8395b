from __future__ import annotations

from types import SimpleNamespace

import pytest

from covseg_core.errors import OutputError
from covseg_core.learn.logged import logged
from covseg_core.training.checkpoint import Checkpoints
from covseg_core.training.fit import Step
from covseg_core.training.log import RunLog
from covseg_core.training.trainee import Best

STEPS = [
    Step(1, 2, 1, 2, 0.5, 0.01),
    Step(1, 2, 2, 2, 0.4, 0.01),
    Step(2, 2, 1, 2, 0.3, 0.01),
]


def process(first, told=False):
    """One process of a run; `said` lists what it told the others after each step."""
    said = []

    def broadcast(stopped):
        said.append(stopped)
        return stopped if first else told

    return SimpleNamespace(is_global_zero=first, broadcast=broadcast, said=said)


@pytest.fixture
def training():
    trainee = SimpleNamespace(step=3, best=Best(), state_dict=lambda: {"step": 3})
    steps = (step for step in STEPS)
    return SimpleNamespace(trainee=trainee, steps=steps, epochs_done=0)


def test_the_first_process_keeps_a_line_per_epoch_and_a_checkpoint(training, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    first = process(first=True)
    assert list(logged(training, checkpoints, 60, first)) == STEPS
    assert [row["loss"] for row in RunLog(tmp_path, 2).rows()] == [0.4]
    assert checkpoints.load() == {"step": 3}


def test_another_process_keeps_nothing(training, tmp_path):
    other = process(first=False)
    assert list(logged(training, Checkpoints(tmp_path), 60, other)) == STEPS
    assert list(tmp_path.iterdir()) == []


def test_the_first_process_tells_the_others_when_it_is_stopped(training, tmp_path):
    first = process(first=True)
    steps = logged(training, Checkpoints(tmp_path), 60, first)
    next(steps)
    next(steps)
    steps.close()
    assert first.said == [False, True]


def test_another_process_ends_when_the_first_is_stopped(training, tmp_path):
    other = process(first=False, told=True)
    assert list(logged(training, Checkpoints(tmp_path), 60, other)) == STEPS[:1]


def test_who_stops_a_training_hears_that_its_checkpoint_was_not_written(
    training, tmp_path, monkeypatch
):
    def refuse(path, content):
        raise OutputError(f"{path.name} could not be written: the disk is full.")

    monkeypatch.setattr("covseg_core.training.checkpoint.write_bytes", refuse)
    first = process(first=True)
    steps = logged(training, Checkpoints(tmp_path), 60, first)
    next(steps)
    with pytest.raises(OutputError, match="the disk is full"):
        steps.close()
