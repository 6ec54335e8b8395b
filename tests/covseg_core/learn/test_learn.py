"""The circle, turned by a network that learns next to nothing in seconds."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import signal
import time

import pytest
import torch

from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.learn import learn as learning
from covseg_core.learn.compare import CaseScore, Compared, Comparison
from covseg_core.learn.learn import conclude, decide, learn
from covseg_core.learn.plan import outcome_of, read_outcome, read_plan, run_folder
from covseg_core.learn.slices import Prepared, prepare_cases
from covseg_core.metrics.intervals import compare_paired
from covseg_core.registry.promotion import promoted
from covseg_core.registry.store import DEFAULT_MODEL, find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.fit import Step
from covseg_core.training.validate import validation_score

pytestmark = pytest.mark.usefixtures("one_thread")


def finish(steps):
    """Run a training to its end; its events and its outcome."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            return events, stop.value


def compared(before, after):
    cases = tuple(
        CaseScore(f"case-{i}", f"p-{i}", *pair, None, None, None)
        for i, pair in enumerate(zip(before, after, strict=True))
    )
    return Comparison(cases, compare_paired(before, after))


def weights_of(name):
    return load_model(find_model(name)).network.state_dict()


def test_a_store_becomes_a_model_that_is_judged_on_held_out_cases(store, plan):
    events, outcome = finish(learn(store, plan("first", epochs=2)))
    kinds = [type(event) for event in events]
    assert set(kinds) == {Prepared, Step, Compared}
    assert kinds.index(Step) < kinds.index(Compared)
    assert [event.epoch for event in events if getattr(event, "ends_epoch", 0)] == [
        1,
        2,
    ]

    assert outcome.model.card.parent is None
    assert not outcome.promoted
    found = outcome.comparison.cases[0].after
    assert ("no parent" if found else "nothing right") in outcome.reason
    assert [case.case_id for case in outcome.comparison.cases] == ["held-out-3"]
    assert math.isnan(outcome.comparison.cases[0].before)
    assert outcome.comparison.cases[0].true_ml == pytest.approx(
        sum(store.mask("held-out-3").volumes_ml.values())
    )
    assert read_outcome("first") == outcome.as_dict()

    card = find_model("first").card
    assert card.data_sha256 == read_plan("first").manifest.sha256
    assert card.training["epochs_run"] == 2
    held_out = outcome.comparison.cases[0].after
    assert card.metrics["held_out_dice"] == pytest.approx(held_out, abs=1e-4)
    assert card.data == ("2 cases of 2 patients",)
    left = {path.name for path in run_folder("first").iterdir()}
    assert left <= {"run.json", "log.csv", "log.jsonl", "tensorboard", "outcome.json"}


def test_a_model_no_worse_than_its_parent_becomes_the_default(store, plan):
    finish(learn(store, plan("first")))
    child = plan("second", parent="first")
    assert child.old_cases == ("train-0", "train-1")
    _, outcome = finish(learn(store, child))
    assert outcome.comparison.dice.n == 1
    assert outcome.promoted is not outcome.is_worse
    assert promoted() == ("second" if outcome.promoted else DEFAULT_MODEL)
    card = outcome.model.card
    assert (card.parent, card.base) == ("first", "first")
    assert card.parent_sha256 == find_model("first").card.weights_sha256


def test_a_model_may_stay_on_the_way_from_its_parent(store, plan, tmp_path):
    finish(learn(store, plan("first")))
    half = plan("half", parent="first", learning_rate=0.03, epochs=2)
    card = half.card.model_copy(update={"name": "whole"})
    whole = half.model_copy(update={"name": "whole", "card": card, "parent_share": 0.0})
    for each in (whole, half):
        finish(learn(store, each))
    first, last, between = (weights_of(name) for name in ("first", "whole", "half"))
    assert any(not torch.equal(first[key], last[key]) for key in first)
    for key, weight in between.items():
        if weight.is_floating_point():
            torch.testing.assert_close(weight, (first[key] + last[key]) / 2)
    card = find_model("half").card
    assert card.training["parent_share"] == 0.5
    told = read_plan("half")
    slices = finish(
        prepare_cases(
            store, told.manifest.of_split("validation"), told, tmp_path / "slices"
        )
    )[1][0]
    # The score is that of what was saved, not of what was learnt before it was mixed.
    scores = {
        name: validation_score(
            load_model(find_model(name)).network, slices, card.prepare
        )
        for name in ("whole", "half")
    }
    assert scores["half"] != pytest.approx(scores["whole"], abs=1e-3)
    assert card.metrics["validation_dice"] == pytest.approx(scores["half"], abs=1e-4)


def test_only_a_model_that_is_shown_to_be_no_worse_is_promoted(store, plan):
    child = plan("second", parent="infnet-small")
    entry = find_model("infnet-small")
    worse = decide(child, entry, compared([0.8, 0.6], [0.7, 0.65]))
    assert worse.is_worse
    assert not worse.promoted
    assert "its parent infnet-small is better" in worse.reason
    unknown = decide(child, entry, None)
    assert not unknown.promoted
    assert not unknown.is_worse
    assert "no held-out case" in unknown.reason
    assert promoted() == DEFAULT_MODEL


def test_a_run_that_was_stopped_goes_on_to_the_very_weights(store, plan):
    finish(learn(store, plan("whole")))
    cut = plan("cut")
    steps = learn(store, cut)
    for event in steps:
        if isinstance(event, Step) and (event.epoch, event.batch) == (1, 2):
            break
    steps.close()
    with pytest.raises(UsageError, match="go on with --resume"):
        next(learn(store, cut))

    events, _ = finish(learn(store, read_plan("cut"), resume=True))
    first = next(event for event in events if isinstance(event, Step))
    assert (first.epoch, first.batch) == (1, 3)
    whole, resumed = weights_of("whole"), weights_of("cut")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    assert find_model("cut").card.metrics == find_model("whole").card.metrics


def test_a_run_that_was_killed_beside_its_stored_model_goes_on(
    store, plan, monkeypatch
):
    def killed(path, document):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(learning, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            finish(learn(store, plan("cut")))
    stored = find_model("cut").card
    made = read_plan("cut")
    assert outcome_of(made) is None
    _, outcome = finish(learn(store, made, resume=True))
    assert outcome.model.card.weights_sha256 == stored.weights_sha256
    assert outcome_of(made) == outcome.as_dict()


def test_a_model_that_took_the_name_while_another_was_trained_stays(
    store, plan, parent, covseg_home
):
    made = plan("new")
    other = load_model(find_model(parent))
    next(steps := learn(store, made))
    card = other.card.model_copy(update={"name": "new"})
    save_model(covseg_home / "models" / "new", card, other.network.state_dict())
    with pytest.raises(UsageError, match="there is another model 'new' by now"):
        finish(steps)
    assert find_model("new").card.summary == other.card.summary
    # What was learnt is not lost.
    assert list(run_folder("new").glob("*.ckpt"))


def test_a_model_is_not_compared_with_one_that_replaced_its_parent(
    store, plan, parent, covseg_home
):
    made = plan("new", parent=parent)
    before = load_model(find_model(parent))
    state = {key: value + 1 for key, value in before.network.state_dict().items()}
    save_model(covseg_home / "models" / parent, before.card, state)
    with pytest.raises(UsageError, match="the parent 'parent' is not among the models"):
        next(conclude(store, made, before))


def test_a_case_that_is_refused_leaves_the_name_free(store, plan):
    made, file = plan("first"), store.root / "train-1" / "ct.nii.gz"
    whole = file.read_bytes()
    file.write_bytes(b"")
    with pytest.raises(InputRefusedError, match="of train-1 was changed"):
        finish(learn(store, made))
    file.write_bytes(whole)
    finish(learn(store, made))


def test_a_run_that_has_begun_outlives_a_case_that_is_refused(store, plan):
    steps, file = learn(store, plan("first")), store.root / "train-1" / "ct.nii.gz"
    next(steps)
    steps.close()
    whole = file.read_bytes()
    file.write_bytes(b"")
    with pytest.raises(InputRefusedError, match="of train-1 was changed"):
        finish(learn(store, read_plan("first"), resume=True))
    file.write_bytes(whole)
    finish(learn(store, read_plan("first"), resume=True))


def test_two_processes_cannot_be_at_one_run(store, plan):
    made = plan("shared")
    steps = learn(store, made)
    next(steps)
    with pytest.raises(OutputError, match="another program is writing 'shared'"):
        next(learn(store, made, resume=True))
    steps.close()
    assert isinstance(next(learn(store, made, resume=True)), Prepared)


def test_a_run_that_is_killed_again_and_again_ends_with_the_very_weights(store, plan):
    survive(store, plan, kills=3)


@pytest.mark.slow
def test_forty_kills_change_no_bit_of_the_model(store, plan):
    survive(store, plan, kills=40)


def survive(store, plan, kills):
    """Kill a run at random moments, go on each time, and compare with a whole one."""
    finish(learn(store, plan("whole")))
    cut = plan("cut")
    spawn = multiprocessing.get_context("fork").Process
    chance = random.Random(5)
    for number in range(kills):
        begun = (run_folder("cut") / "run.json").exists()
        child = spawn(target=train_quietly, args=(store, cut, begun))
        child.start()
        # Later and later, so that every part of a run is hit.
        time.sleep(chance.uniform(0.02, 0.3 + 4 * number / kills))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    begun = (run_folder("cut") / "run.json").exists()
    if read_outcome("cut") is None:
        finish(learn(store, cut, resume=begun))
    whole, resumed = weights_of("whole"), weights_of("cut")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def train_quietly(store, plan, resume):
    torch.set_num_threads(1)
    if read_outcome(plan.name) is None:
        finish(learn(store, plan, resume=resume))
