"""Images in, weights out, and a training that goes on from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from covseg_core.errors import InputRefusedError, ModelRefusedError, UsageError
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.learn.config import NewModel, NewNetwork
from covseg_core.learn.learn import learn
from covseg_core.learn.origin import card_for, first_network, weights_source
from covseg_core.learn.plan import (
    outcome_of,
    read_outcome,
    read_plan,
    read_plan_as,
    run_folder,
)
from covseg_core.learn.planning import make_plan
from covseg_core.learn.pretrain import learn_pretext
from covseg_core.learn.pretrain_plan import PretrainPlan, plan_pretraining
from covseg_core.learn.slices import Prepared
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.models.infnet import InfNet
from covseg_core.registry.card import ModelCard
from covseg_core.registry.promotion import promote
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.pretrain import PretrainStep
from covseg_core.training.pretrain_config import PretrainSettings
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def scans(tmp_path, blocks):
    """One scan without a mask."""
    write_nifti_ct(tmp_path / "scan.nii.gz", blocks.ct)
    return find_unlabelled([tmp_path / "scan.nii.gz"])


@pytest.fixture
def pretraining(scans, tiny):
    """Plan to pretrain the tiny network: ``pretraining("name", task="rotation")``."""

    def make(name, **change):
        quick = {"epochs": 1, "batch_size": 16, "device": "cpu", "checkpoint_s": 0}
        chosen = PretrainSettings(**(quick | change))
        made = plan_pretraining(scans, name, NewNetwork(size=64), chosen)
        card = made.card.model_copy(update={"arguments": tiny})
        return made.model_copy(update={"card": card})

    return make


@pytest.fixture
def pretrained(tiny, covseg_home):
    """Store a tiny Inf-Net as if it had been pretrained; gives its weights."""
    torch.manual_seed(8)
    card = ModelCard(
        name="pre",
        summary="Pretrained.",
        architecture="infnet",
        arguments=tiny,
        label_set="infection",
        prepare=Prepare(size=64),
        pretext="inpainting",
        limits="Only pretrained.",
        data=("9 scans",),
    )
    state = InfNet(**tiny).state_dict()
    save_model(covseg_home / "models" / "pre", card, state)
    return state


def finish(steps):
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            return events, stop.value


def test_images_become_a_model_that_is_not_yet_one(scans, pretraining):
    plan = pretraining("pre")
    events, outcome = finish(learn_pretext(scans, plan))
    assert {type(event) for event in events} == {Prepared, PretrainStep}
    entry = find_model("pre")
    assert entry.card.pretext == "inpainting"
    assert entry.card.training["slices"] == outcome.slices > 0
    assert entry.card.metrics["pretext_loss"] == pytest.approx(
        events[-1].loss, abs=1e-4
    )
    assert read_outcome("pre") == outcome.as_dict()
    left = {path.name for path in run_folder("pre").iterdir()}
    assert left <= {"run.json", "log.csv", "log.jsonl", "tensorboard", "outcome.json"}
    with pytest.raises(UsageError, match="a run 'pre' has begun already"):
        next(learn_pretext(scans, plan))


def test_a_run_that_was_stopped_goes_on_to_the_very_weights(scans, pretraining):
    finish(learn_pretext(scans, pretraining("whole", masks="random")))
    steps = learn_pretext(scans, pretraining("cut", masks="random"))
    assert any(isinstance(event, PretrainStep) for event in steps)
    steps.close()
    again = read_plan_as(PretrainPlan, "cut")
    finish(learn_pretext(scans, again, resume=True))
    hashes = [find_model(name).card.weights_sha256 for name in ("whole", "cut")]
    assert hashes[0] == hashes[1]


def test_no_name_of_a_file_is_kept_between_two_starts(scans, pretraining):
    steps = learn_pretext(scans, pretraining("cut"))
    assert any(isinstance(event, PretrainStep) for event in steps)
    steps.close()
    files = [path for path in run_folder("cut").rglob("*") if path.is_file()]
    assert any(path.name == "slices.json" for path in files)
    assert all(b'"scan"' not in path.read_bytes() for path in files)


def test_a_model_that_took_the_name_meanwhile_is_not_overwritten(
    scans, pretraining, pretrained
):
    before = find_model("pre").card
    made = pretraining("cut")
    card = made.card.model_copy(update={"name": "pre"})
    made = made.model_copy(update={"name": "pre", "card": card})
    with pytest.raises(UsageError, match="there is another model 'pre' by now"):
        finish(learn_pretext(scans, made, resume=True))
    assert find_model("pre").card == before


def test_a_run_that_was_killed_beside_its_stored_model_goes_on(scans, pretraining):
    finish(learn_pretext(scans, pretraining("cut")))
    (run_folder("cut") / "outcome.json").unlink()
    made = read_plan_as(PretrainPlan, "cut")
    assert outcome_of(made) is None
    _, outcome = finish(learn_pretext(scans, made, resume=True))
    assert outcome_of(made) == outcome.as_dict()


def test_the_plan_of_another_command_is_refused(scans, pretraining):
    steps = learn_pretext(scans, pretraining("pre"))
    next(steps)
    steps.close()
    with pytest.raises(InputRefusedError, match="another command began it"):
        read_plan("pre")


def test_a_scan_without_lungs_is_named(tmp_path, blocks, pretraining):
    air = replace(blocks.ct, hu=np.full_like(blocks.ct.hu, -1000))
    write_nifti_ct(tmp_path / "scan.nii.gz", air)
    scans = find_unlabelled([tmp_path / "scan.nii.gz"])
    with pytest.raises(InputRefusedError, match="scan 'scan': "):
        finish(learn_pretext(scans, pretraining("pre")))


def test_a_scan_that_is_refused_leaves_the_name_free(tmp_path, scans, pretraining):
    made, file = pretraining("pre"), tmp_path / "scan.nii.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:2000])
    with pytest.raises(InputRefusedError, match="scan 'scan': "):
        finish(learn_pretext(scans, made))
    file.write_bytes(whole)
    steps = learn_pretext(scans, made)
    assert isinstance(next(steps), Prepared)
    steps.close()


@pytest.mark.usefixtures("pretrained")
def test_it_cannot_outline_and_not_become_the_default():
    sentence = (
        "the model 'pre' was only pretrained; train it first: "
        "covseg train CASES --name NEW --parent pre"
    )
    with pytest.raises(ModelRefusedError, match=sentence):
        load_model(find_model("pre"))
    with pytest.raises(ModelRefusedError, match="only pretrained"):
        promote("pre")


def test_training_goes_on_from_its_weights_as_if_from_scratch(store, pretrained):
    settings = TrainSettings(device="cpu")
    plan = make_plan(store, "new", NewModel(parent="pre"), settings)
    assert plan.settings.epochs == settings.epochs
    assert plan.settings.learning_rate == settings.learning_rate
    assert (plan.parent, plan.weights_from, plan.old_cases) == (None, "pre", ())
    card = plan.card
    assert (card.parent, card.base, card.pretext, card.limits) == ("pre", "pre", "", "")
    assert card.parent_sha256 == find_model("pre").card.weights_sha256
    assert card.summary == "pre, trained."
    assert card.data[0] == "9 scans"
    state = first_network(plan).state_dict()
    assert all(torch.equal(state[key], pretrained[key]) for key in pretrained)


@pytest.mark.usefixtures("pretrained")
def test_what_was_trained_from_it_has_no_parent_to_be_compared_with(store):
    settings = TrainSettings(epochs=1, batch_size=4, device="cpu")
    plan = make_plan(store, "new", NewModel(parent="pre"), settings)
    _, outcome = finish(learn(store, plan))
    assert not outcome.promoted
    assert "no parent" in outcome.reason or "nothing right" in outcome.reason
    assert load_model(find_model("new")).card.training["weights_from"] == "pre"

    child = make_plan(store, "next", NewModel(parent="new"), settings)
    assert (child.parent, child.card.base) == ("new", "pre")
    base = make_plan(
        store, "other", NewModel(parent="new", start="base"), TrainSettings()
    )
    # All is learnt anew from the first weights, and compared with the parent.
    assert (base.parent, base.weights_from) == ("new", "pre")
    assert base.settings.epochs == TrainSettings().epochs


@pytest.mark.usefixtures("pretrained")
def test_no_second_stage_is_put_on_it(store):
    with pytest.raises(ModelRefusedError, match="no second stage can be put on it"):
        card_for("new", NewModel(parent="pre", arch="multi-infnet"))
    two = card_for("new", NewModel(parent="infnet-small", arch="multi-infnet"))
    grown = two.model_copy(update={"parent": "infnet-small", "base": "pre"})
    with pytest.raises(UsageError, match="only pretrained, as infnet"):
        weights_source(grown, "base")
