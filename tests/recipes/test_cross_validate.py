"""Two folds of small scans, learnt by a network that sees 32 by 32 pixels."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cross_validate
import pytest
from cross_validate import CrossValidation
from document import read_results, render
from predicting import Judge
from tiny import fill_store, write_recipe
from training import plan_of, train_once

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.learn import learn
from covseg_core.learn.plan import run_folder
from covseg_core.registry.store import find_model
from covseg_core.training.fit import Step

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.store import CaseStore

FOLDS = (0, 1)
ASKED = ["lctsc-101", "medseg-01", "slice-00", "medseg-06", "slice-10", "slice-11"]


@dataclass(frozen=True)
class Finished:
    """A cross-validation that was run to its end."""

    store: CaseStore
    recipe: Path
    home: Path
    told: dict[str, Any]
    asked: list[str]

    def again(self, **change):
        """The same once more; lungs are found by threshold, which needs no network."""
        known = {"name": "new", "config": self.recipe, "lungs": "hu-threshold"}
        return CrossValidation(self.store, **(known | {"progress": "none"} | change))


@pytest.fixture(scope="module")
def ran(tmp_path_factory, blocks):
    folder = tmp_path_factory.mktemp("cross")
    store = fill_store(folder / "cases", blocks)
    recipe = write_recipe(folder, "infection")
    before = Finished(store, recipe, folder / "home", {}, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVSEG_HOME", str(before.home))
        patch.setattr(cross_validate, "Judge", counting(before.asked))
        told = before.again().run(FOLDS)
    return replace(before, told=told)


@pytest.fixture
def finished(ran, monkeypatch):
    """What was trained and judged is there."""
    monkeypatch.setenv("COVSEG_HOME", str(ran.home))
    return ran


@pytest.fixture
def asked(monkeypatch):
    """List the cases that a model is asked about."""
    cases = []
    monkeypatch.setattr(cross_validate, "Judge", counting(cases))
    return cases


def counting(cases):
    class Counting(Judge):
        def judge(self, case_id, version=None):
            cases.append(case_id)
            return super().judge(case_id, version)

    return Counting


def weights(name):
    return find_model(name).card.weights_sha256


def test_every_case_is_judged_by_a_model_that_has_not_seen_it(finished):
    told = finished.told
    assert [row["case"] for row in told["cases"]] == ASKED
    # Once to find the temperature, and once with it.
    assert finished.asked == ASKED + ASKED
    for fold in FOLDS:
        seen = find_model(f"new-fold{fold}").card.training["cases"]
        held_out = [row["case"] for row in told["cases"] if row["fold"] == fold]
        scans = {finished.store.read(case).image_sha256 for case in held_out}
        assert not scans & set(seen)
    assert told["weights"] == {str(fold): weights(f"new-fold{fold}") for fold in FOLDS}
    assert told["calibration"]["temperature"] == told["answers"]["temperature"] > 0
    assert told["calibration"]["rows"]


def test_ways_differ_with_what_is_judged(finished):
    rows = {row["case"]: row for row in finished.told["cases"]}
    assert rows["slice-00"]["found"] is None
    assert rows["slice-00"]["given"]["true_ml"] is None
    assert len(rows["slice-00"]["given"]["curve"]) == 101
    assert rows["medseg-01"]["given"]["true_ml"] == pytest.approx(70)
    assert rows["medseg-01"]["found"]["true_ml"] == pytest.approx(70)
    healthy = rows["lctsc-101"]["given"]
    assert healthy["dice"] is None
    assert healthy["false_ml"] == healthy["found_ml"]


def test_what_is_finished_is_not_done_again(finished, asked, monkeypatch):
    monkeypatch.setattr("training.learn", None)
    assert finished.again().run(FOLDS) == finished.told
    assert asked == []


def test_a_fold_that_was_killed_goes_on_to_the_same_weights(ran):
    plan = plan_of(ran.store, "new", ran.recipe, 0)
    steps = learn(ran.store, plan)
    for event in steps:
        if isinstance(event, Step) and event.batch == 2:
            break
    steps.close()
    entry = train_once(ran.store, plan, "none")
    assert entry.card.weights_sha256 == ran.told["weights"]["0"]


def test_a_case_whose_judgement_was_cut_off_is_judged_again(finished, asked):
    answers = {"temperature": 1.0}
    file = next((run_folder("new-fold0") / "judged").glob("slice-00.*"))
    content = file.read_bytes()
    file.unlink()
    for temperature in (1.0, finished.told["answers"]["temperature"]):
        finished.again().judge(0, answers | {"temperature": temperature})
    assert asked == ["slice-00"]
    assert file.read_bytes() == content


def test_a_recipe_that_has_changed_needs_another_name(finished, tmp_path):
    other = write_recipe(tmp_path, "infection", "seed = 7\n")
    with pytest.raises(UsageError, match="'new-fold0' was begun with other cases"):
        finished.again(config=other).judge(0, {})


def test_a_fold_goes_on_from_the_parent_of_the_same_fold(finished, tmp_path):
    file = tmp_path / "second.toml"
    file.write_text('parent = "new"\nepochs = 1\n', encoding="utf-8")
    child = finished.again(name="second", config=file).plan(1)
    assert child.weights_from == child.card.parent == "new-fold1"
    assert child.parent is None
    assert set(child.old_cases) == {"lctsc-101", "medseg-01", "slice-00"}


def test_a_model_of_lungs_is_scored_on_both_sides(ran, tmp_path):
    lungs = ran.again(name="lungs", config=write_recipe(tmp_path, "lungs"))
    (row,) = lungs.judge(1, {})
    assert (row["case"], row["given"]) == ("medseg-06", None)
    assert row["found"]["true_ml"] == pytest.approx(1000)
    assert set(row["found"]["classes"]) == {"right_lung", "left_lung"}
    assert 0 <= row["found"]["held"] <= 1


def test_a_bundled_name_can_be_trained_anew(ran):
    plan = plan_of(ran.store, "infnet-small", ran.recipe)
    assert plan.name == plan.card.name == "infnet-small"


def test_the_document_is_read_as_it_was_written(ran, tmp_path):
    file = tmp_path / "new.json"
    file.write_text(render(ran.told), encoding="utf-8")
    assert read_results(file) == ran.told
    lines = file.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('  {"fold"') for line in lines) == len(ASKED)
    assert "reliability" not in file.read_text(encoding="utf-8")


def test_what_is_no_document_is_refused(tmp_path):
    file = tmp_path / "new.json"
    for text in ("{", "[]", json.dumps({"format": 7})):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputRefusedError, match=r"new.json cannot be read"):
            read_results(file)
