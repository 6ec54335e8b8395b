"""`covseg train` on a store of small scans."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.learn import learn as learning
from covseg_core.learn.config import NewModel, NewNetwork
from covseg_core.learn.learn import Outcome
from covseg_core.learn.plan import OUTCOME, read_plan, run_folder, write_plan
from covseg_core.learn.planning import make_plan
from covseg_core.learn.pretrain_plan import plan_pretraining
from covseg_core.learn.rounds.config import SelfTrainSettings
from covseg_core.learn.rounds.plan import RoundsPlan
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.registry.promotion import promoted
from covseg_core.registry.store import DEFAULT_MODEL, find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.fit import Step
from covseg_core.training.pretrain_config import PretrainSettings

QUICK = ("--epochs", 1, "--batch-size", 4, "--device", "cpu", "--progress", "none")


@pytest.fixture
def store(tmp_path, blocks):
    """A case to learn from and one held out, both done."""
    made = CaseStore.create(tmp_path / "cases")
    for number, split in enumerate(("train", "held-out")):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        made.add_case(ct, case_id=split, lungs=blocks.lungs, split=split)
        made.add_mask(split, blocks.lesions, source="manual")
        made.set_state(split, "done")
    return made.root


def test_a_model_is_trained_and_its_table_printed(covseg, store):
    answer = covseg("train", store, "--name", "new", "--size", 64, *QUICK)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    head = "held-out case before after true ml found ml"
    assert lines[0].split() == head.split()
    assert lines[1].split()[:2] == ["held-out", "–"]
    assert lines[-1].startswith("new: kept, not promoted; it ")
    assert find_model("new").card.prepare.size == 64


def test_lines_of_json_tell_every_step_and_the_outcome(covseg, store):
    words = ("train", store, "--name", "new", "--parent", "infnet-small")
    answer = covseg(*words, *QUICK[:-1], "jsonl")
    events = [json.loads(line) for line in answer.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "prepared"
    assert {"step", "compared"} <= set(kinds)
    steps = [event for event in events if event["event"] == "step"]
    assert [step["batch"] for step in steps] == list(range(1, steps[0]["batches"] + 1))
    outcome = events[-1]
    assert outcome["event"] == "outcome"
    assert answer.code == (5 if outcome["worse"] else 0)
    assert promoted() == ("new" if outcome["promoted"] else DEFAULT_MODEL)


def test_a_worse_model_is_kept_and_told_by_the_exit_code(covseg, store, monkeypatch):
    entry = find_model("infnet-small")
    table = {
        "dice": {
            "mean_before": 0.8,
            "mean_after": 0.7,
            "difference": -0.1,
            "low": -0.2,
            "high": 0.01,
            "p_value": 0.25,
            "n": 3,
        },
        "cases": [],
    }

    class Table:
        is_worse = True

        def as_dict(self):
            return table

    def no_learning(store, plan, *, resume):
        yield from ()
        return Outcome(entry, Table(), promoted=False, reason="its parent is better.")

    monkeypatch.setattr(learning, "learn", no_learning)
    words = ("train", store, "--name", "new", "--parent", "infnet-small", *QUICK)
    answer = covseg(*words)
    assert answer.code == 5
    assert "kept, not promoted; its parent is better." in answer.out
    assert "difference -0.100 (95 % -0.200 to +0.010, p 0.25)" in answer.out
    assert covseg(*words, "--json").json["held_out"] == table


def test_ctrl_c_stops_after_the_step_and_resume_goes_on(covseg, store, monkeypatch):
    plain = learning.learn

    def interrupted(store, plan, *, resume):
        for event in (steps := plain(store, plan, resume=resume)):
            if isinstance(event, Step) and not resume:
                os.kill(os.getpid(), signal.SIGINT)
            try:
                yield event
            except GeneratorExit:
                steps.close()
                raise
        return None

    monkeypatch.setattr(learning, "learn", interrupted)
    words = ("train", store, "--name", "new", "--size", 64, *QUICK)
    answer = covseg(*words)
    assert answer.code == 130
    assert "go on with: covseg train CASES --name new --resume" in answer.err
    assert len(list(run_folder("new").glob("*.ckpt"))) == 1
    monkeypatch.setattr(learning, "learn", plain)

    assert covseg(*words).code == 2  # it has begun, and was not told to go on
    again = covseg("train", store, "--name", "new", "--resume", "--progress", "none")
    assert again.code == 0, again.err
    assert find_model("new").card.training["epochs_run"] == 1
    # A run that is over tells its outcome once more.
    last = covseg("train", store, "--name", "new", "--resume", "--progress", "none")
    assert (last.code, last.out) == (0, again.out)


def begin(command, store):
    """Leave the plan of a run ``new`` of some command behind."""
    cases = CaseStore(store)
    if command == "pretrain":
        scans = find_unlabelled([store], outlined_too=True)
        plan = plan_pretraining(scans, "new", NewNetwork(), PretrainSettings())
    else:
        plan = make_plan(cases, "new", NewModel(size=64), SelfTrainSettings())
    if command == "self-train":
        plan = RoundsPlan(**dict(plan), queue=())
    if command == "train":
        plan = plan.model_copy(update={"settings": TrainSettings(epochs=1)})
    write_plan(plan)


@pytest.mark.parametrize("command", ["train", "pretrain", "self-train"])
def test_a_run_that_goes_on_leaves_other_models_alone(
    refused, covseg, store, tmp_path, tiny_model, command
):
    begin(command, store)
    file = tmp_path / "tiny.covseg.zip"
    assert covseg("models", "export", tiny_model, "-o", file).code == 0
    assert covseg("models", "import", file, "--name", "new").code == 0
    words = (command, store, "--name", "new", "--resume")
    assert "remove it with `covseg models remove new`" in refused(2, *words)
    assert find_model("new").card.summary == find_model(tiny_model).card.summary


@pytest.mark.parametrize("command", ["train", "pretrain", "self-train"])
def test_a_finished_run_whose_model_is_gone_is_no_success(refused, store, command):
    begin(command, store)
    outcome = {"model": "new", "weights_sha256": "0" * 64}
    (run_folder("new") / OUTCOME).write_text(json.dumps(outcome))
    told = refused(2, command, store, "--name", "new", "--resume")
    assert "the run 'new' is finished and its model is gone; leave --resume" in told


def test_a_name_is_free_again_when_its_model_is_removed(covseg, store):
    words = ("train", store, "--name", "new", "--size", 64, *QUICK)
    for _ in range(2):
        answer = covseg(*words)
        assert answer.code == 0, answer.err
        assert covseg("models", "remove", "new").code == 0


def test_a_folder_with_the_name_of_another_model_is_no_parent(
    refused, store, tiny_model, tmp_path
):
    entry = find_model(tiny_model)
    card = entry.card.model_copy(update={"name": "infnet-small"})
    network = load_model(entry).network
    save_model(tmp_path / "folder", card, network.state_dict())
    words = ("train", store, "--name", "new", "--parent", tmp_path / "folder")
    assert "the parent 'infnet-small' is not among the models" in refused(2, *words)


def test_settings_come_from_a_file_and_the_command_line_comes_first(
    covseg, store, tmp_path, monkeypatch
):
    seen = []

    def no_learning(store, plan, *, resume):
        seen.append(plan)
        yield from ()

    monkeypatch.setattr(learning, "learn", no_learning)
    config = tmp_path / "paper.toml"
    config.write_text(
        'arch = "unet"\nsize = 96\nepochs = 100\nbatch_size = 4\nmulti_scale = true\n'
        "[augment]\nflip = 0.25\nupside_down = 0.5\n"
    )
    words = ("--config", config, "--epochs", 7, "--augment.flip", 0.75)
    answer = covseg("train", store, "--name", "new", *words)
    assert answer.code == 0, answer.err
    settings = seen[0].settings
    assert (settings.epochs, settings.batch_size, settings.multi_scale) == (7, 4, True)
    assert (settings.augment.flip, settings.augment.upside_down) == (0.75, 0.5)
    assert seen[0].card.architecture == "unet"
    assert seen[0].card.prepare.size == 96


def test_a_file_with_another_word_or_no_file_is_refused(refused, store, tmp_path):
    config = tmp_path / "c.toml"
    words = ("train", store, "--name", "new", "--config", config)
    assert "'c.toml' cannot be read: No such file" in refused(2, *words)
    config.write_text("epoch = 3\n")
    assert "says epoch, which is no setting" in refused(2, *words)
    config.write_text("epochs = \n")
    assert "cannot be read" in refused(2, *words)
    config.write_text("epochs = 0\n")
    assert "--epochs" in refused(2, *words)


def test_what_makes_no_sense_is_refused_before_anything_is_written(
    refused, store, tmp_path, covseg_home
):
    words = ("train", store, "--name", "new", "--resume")
    assert "no run 'new' to go on" in refused(2, *words)
    assert "leave --epochs away" in refused(2, *words, "--epochs", 3)
    assert "there is a model" in refused(2, "train", store, "--name", "infnet-small")
    odd = ("train", store, "--name", "new", "--size", 100)
    assert "--size: must be a multiple of 32" in refused(2, *odd)
    refused(3, "train", tmp_path / "nothing", "--name", "new")
    assert "no model" in refused(4, "train", store, "--name", "n", "--parent", "nobody")
    assert not (covseg_home / "runs").exists()


def test_a_plan_keeps_what_was_said(covseg, store, monkeypatch):
    def stop(store, plan, *, resume):
        write_plan(plan)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(learning, "learn", stop)
    words = ("--size", 64, "--seed", 9, "--weighting", "released")
    words += ("--arch", "unet", "--labels", "lesions")
    assert covseg("train", store, "--name", "new", *words).code == 130
    assert read_plan("new").card.arguments["classes"] == 3
    settings = read_plan("new").settings
    assert (settings.seed, settings.weighting) == (9, "released")
