from __future__ import annotations

import json

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.learn.plan import OUTCOME, run_folder, write_plan
from covseg_core.learn.unfinished import UnfinishedRun, free_name, unfinished_runs
from covseg_core.training.fit import Step
from covseg_core.training.log import RunLog


@pytest.fixture
def begun(plan):
    write_plan(plan("begun", epochs=7))
    log = RunLog(run_folder("begun"))
    for epoch in (1, 2):
        log.add(Step(epoch, 7, 3, 3, 0.5, 1e-3))


def test_stopped_run_is_found_with_the_epochs_that_are_done(store, begun):
    assert unfinished_runs(store) == (UnfinishedRun("begun", None, 2, 7),)


def test_finished_and_damaged_runs_and_those_of_other_stores_are_not(
    store, begun, tmp_path
):
    other = CaseStore.create(tmp_path / "other")
    assert unfinished_runs(other) == ()
    (run_folder("odd")).mkdir()
    (run_folder("odd") / "run.json").write_text("{}")
    assert [run.name for run in unfinished_runs(store)] == ["begun"]
    (run_folder("begun") / OUTCOME).write_text(json.dumps({}))
    assert unfinished_runs(store) == ()


def test_free_name_counts_on_past_models_and_runs(plan, parent, covseg_home):
    assert free_name("parent") == "parent-2"
    write_plan(plan("parent-2"))
    assert free_name("parent") == "parent-3"
    assert free_name("parent-2") == "parent-3"
    damaged = covseg_home / "models" / "parent-3"
    damaged.mkdir()
    (damaged / "card.json").write_text("{")
    assert free_name("parent") == "parent-4"
    assert len(free_name("x" * 64)) <= 64
