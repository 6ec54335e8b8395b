"""Rounds of a network that learns next to nothing, in seconds."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace

import pytest
import torch

from covseg_core.cases.record import TRUSTED
from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.learn import pseudo
from covseg_core.learn.plan import outcome_of, read_plan_as, run_folder
from covseg_core.learn.pseudo import Labelled
from covseg_core.learn.rounds.learner import Stage
from covseg_core.learn.rounds.plan import RoundsPlan
from covseg_core.learn.rounds.run import self_train
from covseg_core.learn.slices import Prepared
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.fit import Step
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")


def finish(steps):
    """Run to the end; the events and the outcome."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            return events, stop.value


def of_kind(kind, events):
    return [event for event in events if isinstance(event, kind)]


def rounds_of(name):
    lines = (run_folder(name) / "rounds.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def weights_of(name):
    return load_model(find_model(name)).network.state_dict()


def test_inf_net_labels_in_rounds_and_ends_on_pseudo_and_on_true_labels(store, rounds):
    made = rounds("new")
    events, outcome = finish(self_train(store, made))
    stages = of_kind(Stage, events)
    assert [(s.name, s.true_slices, s.pseudo_slices) for s in stages] == [
        ("round-0001", 20, 2),
        ("round-0002", 20, 4),
        ("pseudo-labels", 0, 4),
        ("true-labels", 20, 0),
    ]
    # What nobody judges by is told nowhere: validation begins with the last stages.
    scores = [step.score for step in of_kind(Step, events) if step.ends_epoch]
    assert [score is None for score in scores] == [True, True, False, False]
    labels = of_kind(Labelled, events)
    assert [one.scan for one in labels] == [each.case_id for each in made.queue]

    log = rounds_of("new")
    hashes = [one["weights_sha256"] for one in log]
    assert hashes[0] == find_model("parent").card.weights_sha256
    assert hashes[1] not in (hashes[0], outcome.model.card.weights_sha256)
    for number, one in enumerate(log, start=1):
        for taken in one["taken"]:
            record = store.read(taken["case"]["case_id"])
            (version,) = record.versions
            assert (record.split, record.state) == ("train", "new")
            assert (version.source, version.number) == ("model", 1)
            assert version.model == f"new, round {number}"
            assert version.model_sha256 == one["weights_sha256"]
            assert version.sha256 == taken["case"]["mask_sha256"]
            assert version.confidence == taken["confidence"]

    card = find_model("new").card
    assert (card.parent, card.parent_sha256) == ("parent", hashes[0])
    assert card.data[-1] == "4 pseudo-labelled cases of 4 patients"
    facts = card.training
    assert (facts["true_slices"], facts["pseudo_slices"]) == (20, 4)
    assert (facts["epochs_run"], len(facts["cases"])) == (4, 2)
    assert [one["slices"] for one in facts["rounds"]] == [2, 2]
    assert facts["settings"]["recipe"] == "inf-net"
    assert card.metrics["best_stage"] in ("pseudo-labels", "true-labels")
    judges = {store.read(name).image_sha256 for name in ("validation-2", "held-out-3")}
    assert not judges & {*facts["cases"], *facts["pseudo_cases"]}
    assert card.data_sha256 != made.manifest.sha256

    assert [case.case_id for case in outcome.comparison.cases] == ["held-out-3"]
    assert outcome.promoted is not outcome.is_worse
    assert outcome_of(read_plan_as(RoundsPlan, "new")) == outcome.as_dict()
    assert card.training["plan_sha256"] == made.sha256
    left = {path.name for path in run_folder("new").iterdir()}
    logs = {"log.csv", "log.jsonl", "rounds.jsonl", "tensorboard"}
    assert left <= {"run.json", "outcome.json"} | logs
    epochs = (run_folder("new") / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in epochs] == [1, 2, 3, 4]


def test_a_run_that_is_killed_and_stopped_ends_with_the_very_weights(store, rounds):
    finish(self_train(store, rounds("whole", recipe="u-net")))
    cut = rounds("cut", recipe="u-net", checkpoint_s=0)
    kills = (
        lambda event: isinstance(event, Labelled) and event.scan == second(cut),
        lambda event: isinstance(event, Step) and event.batch == 1,
        lambda event: isinstance(event, Stage) and event.name == "round-0002",
    )
    spawn = multiprocessing.get_context("fork").Process
    for number, fatal in enumerate(kills):
        child = spawn(target=die_at, args=(store, cut, fatal, number > 0))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    with pytest.raises(UsageError, match="go on with --resume"):
        next(self_train(store, cut))

    plan = read_plan_as(RoundsPlan, "cut")
    finish(self_train(store, plan, resume=True))
    whole, resumed = weights_of("whole"), weights_of("cut")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    for each in cut.queue:
        names = [one.model for one in store.read(each.case_id).versions]
        assert names == sorted(names, reverse=True)
        assert [name.split(",")[0] for name in names] == ["whole", "cut"]
    told = [one["weights_sha256"] for one in rounds_of("cut")]
    assert told == [one["weights_sha256"] for one in rounds_of("whole")]
    assert find_model("cut").card.metrics == find_model("whole").card.metrics
    assert find_model("cut").card.metrics["best_stage"].startswith("round-")


def second(plan):
    return plan.queue[1].case_id


def die_at(store, plan, fatal, resume):
    torch.set_num_threads(1)
    for event in self_train(store, plan, resume=resume):
        if fatal(event):
            os.kill(os.getpid(), signal.SIGKILL)


def test_who_stops_a_run_hears_that_its_checkpoint_was_not_written(
    store, rounds, monkeypatch
):
    def refuse(path, content):
        raise OutputError(f"{path.name} could not be written: the disk is full.")

    steps = self_train(store, rounds("new"))
    while not isinstance(next(steps), Step):
        pass
    monkeypatch.setattr("covseg_core.training.checkpoint.write_bytes", refuse)
    with pytest.raises(OutputError, match="the disk is full"):
        steps.close()


def test_unsure_scans_are_tried_again_and_outlined_ones_are_dropped(
    store, rounds, monkeypatch
):
    answers = iter((0.2, 0.8, 0.8, 0.9))
    monkeypatch.setattr(pseudo, "confidence_of", lambda p: next(answers))
    made = rounds("new", recipe="u-net", confidence=0.5)
    queue = [each.case_id for each in made.queue]
    mask = store.mask("train-0")
    grid = store.grid(queue[1])
    edited = replace(mask, labels=mask.labels[:1, :40, :48], grid=grid)
    store.add_mask(queue[1], edited, source="edited")

    events, _ = finish(self_train(store, made))
    assert [one.result for one in of_kind(Labelled, events)] == [
        "unsure",
        "skipped",
        "labelled",
        "labelled",
        "labelled",
    ]
    one, two, three = rounds_of("new")
    assert (one["unsure"], one["dropped"], one["taken"]) == ([queue[0]], [queue[1]], [])
    assert two["weights_sha256"] == one["weights_sha256"]
    assert [taken["case"]["case_id"] for taken in two["taken"]] == queue[2:]
    assert [taken["case"]["case_id"] for taken in three["taken"]] == queue[:1]
    assert [stage.name for stage in of_kind(Stage, events)] == [
        "round-0002",
        "round-0003",
    ]
    assert store.read(queue[1]).newest().source in TRUSTED


def test_a_run_without_a_sure_scan_is_refused_and_leaves_its_name_free(store, rounds):
    made = rounds("new", confidence=1.0)
    with pytest.raises(
        InputRefusedError, match="less sure of each than --confidence 1"
    ):
        finish(self_train(store, made))
    assert all(not store.read(each.case_id).versions for each in made.queue)
    assert not (run_folder("new") / "run.json").exists()


def test_a_true_label_that_is_refused_leaves_the_name_free(store, rounds):
    made, file = rounds("new"), store.root / "train-1" / "ct.nii.gz"
    whole = file.read_bytes()
    file.write_bytes(b"")
    with pytest.raises(InputRefusedError, match="of train-1 was changed"):
        finish(self_train(store, made))
    file.write_bytes(whole)
    steps = self_train(store, made)
    assert isinstance(next(steps), Prepared)
    steps.close()


def test_a_network_for_two_classes_learns_from_volumes(
    store, rounds, blocks, covseg_home, tmp_path
):
    torch.manual_seed(1)
    arguments = {"backbone": "regnety_002", "classes": 3}
    card = ModelCard(
        name="two",
        summary="Never trained.",
        architecture="unet",
        arguments=arguments,
        label_set="lesions",
        prepare=Prepare(size=32),
    )
    network = create_model("unet", **arguments)
    save_model(covseg_home / "models" / "two", card, network.state_dict())
    path = tmp_path / "volume.nii.gz"
    write_nifti_ct(path, replace(blocks.ct, hu=blocks.ct.hu + 9))
    made = rounds("new", paths=(path,), parent="two", recipe="u-net")
    _, outcome = finish(self_train(store, made))
    (version,) = store.read(made.queue[0].case_id).versions
    assert (version.label_set, version.source) == ("lesions", "model")
    assert outcome.model.card.training["pseudo_slices"] == 10
    assert outcome.model.card.label_set == "lesions"
