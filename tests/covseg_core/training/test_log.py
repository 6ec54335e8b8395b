from __future__ import annotations

import csv
import json

import pytest

from covseg_core.training.fit import Step
from covseg_core.training.log import RunLog


def step(epoch, score=0.5):
    return Step(epoch, 9, 4, 4, 1.25 / epoch, 1e-3, score)


def test_every_epoch_is_a_line_in_both_files(tmp_path):
    log = RunLog(tmp_path)
    log.add(step(1))
    log.add(step(2, None))
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["epoch"], row["loss"]) for row in rows] == [(1, 1.25), (2, 0.625)]
    assert [row["score"] for row in rows] == [0.5, None]
    with (tmp_path / "log.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["epoch"] for row in table] == ["1", "2"]
    assert table[0]["learning_rate"] == "0.001"


def test_a_run_that_goes_on_drops_what_it_will_do_again(tmp_path):
    log = RunLog(tmp_path)
    for epoch in (1, 2, 3):
        log.add(step(epoch))
    again = RunLog(tmp_path, epoch=2)
    again.add(step(3, 0.9))
    assert [row["epoch"] for row in again.rows()] == [1, 2, 3]
    assert again.rows()[2]["score"] == 0.9
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


def test_a_run_of_an_older_version_goes_on_without_its_other_columns(tmp_path):
    row = {"utc": "", "epoch": 1, "step": 4, "loss": 1.25, "score": None}
    line = json.dumps(row | {"learning_rate": 1e-3})
    (tmp_path / "log.jsonl").write_text(line + "\n")
    RunLog(tmp_path, epoch=1).add(step(2))
    with (tmp_path / "log.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["loss"] for row in table] == ["1.25", "0.625"]
    assert "step" not in table[0]


def test_a_line_that_was_cut_is_dropped(tmp_path):
    RunLog(tmp_path).add(step(1))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"epoch": 2, "lo')
    assert [row["epoch"] for row in RunLog(tmp_path, epoch=5).rows()] == [1]


def test_tensorboard_shows_the_curves_where_it_is_installed(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    log = RunLog(tmp_path)
    log.add(step(1))
    log.add(step(2))
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    losses = [(event.step, event.value) for event in events.Scalars("loss")]
    assert losses == [(1, 1.25), (2, 0.625)]
