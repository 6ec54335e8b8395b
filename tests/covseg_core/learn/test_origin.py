from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.learn.config import NewModel
from covseg_core.learn.origin import card_for, first_network, weights_source
from covseg_core.learn.planning import make_plan
from covseg_core.models import create_model
from covseg_core.models.backbones import BACKBONES
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.config import TrainSettings


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        ({"arch": "infnet"}, "infection"),
        ({"arch": "infnet-joint"}, "lesions"),
        ({"arch": "multi-infnet"}, "lesions"),
        ({"arch": "unet", "labels": "infection"}, "infection"),
        ({"arch": "unet", "labels": "lesions"}, "lesions"),
        ({"arch": "unet", "labels": "lungs"}, "lungs"),
    ],
)
def test_every_architecture_starts_from_scratch(store, wanted, labels):
    made = make_plan(store, "new", NewModel(**wanted), TrainSettings())
    assert made.card.label_set == labels
    network = first_network(made)
    assert network.label_set.name == labels
    again = first_network(made)
    states = network.state_dict(), again.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_backbone_of_the_papers_has_the_widths_of_the_papers():
    card = card_for("new", NewModel(backbone="resnet50", size=352))
    assert card.arguments == {"backbone": "resnet50"}
    assert card.prepare.size == 352


@pytest.mark.parametrize("arch", ["infnet", "infnet-joint", "multi-infnet", "stichnet"])
def test_any_other_backbone_has_the_small_widths_of_the_usual_one(arch):
    usual = card_for("new", NewModel(arch=arch)).arguments
    named = card_for("new", NewModel(arch=arch, backbone="mobilenetv2_100")).arguments
    assert named == {**usual, "backbone": "mobilenetv2_100"}
    assert usual["backbone"] not in {"mobilenetv2_100", *BACKBONES}


def test_a_network_that_cannot_be_built_is_refused():
    with pytest.raises(ModelRefusedError, match="there is no architecture 'unett'"):
        card_for("new", NewModel(arch="unett"))


def test_a_base_without_a_parent_and_an_odd_size_are_refused():
    with pytest.raises(UsageError, match="--start base goes with --parent"):
        card_for("new", NewModel(start="base"))
    with pytest.raises(ValidationError, match="must be a multiple of 32"):
        NewModel(size=100)


def test_labels_that_a_network_does_not_outline_are_refused():
    with pytest.raises(UsageError, match="--arch infnet outlines infection, not"):
        card_for("new", NewModel(labels="lesions"))


def test_a_second_stage_is_put_on_a_first_one_that_rests(store):
    wanted = NewModel(parent="infnet-small", arch="multi-infnet")
    made = make_plan(store, "new", wanted, TrainSettings())
    assert made.card.label_set == "lesions"
    network = first_network(made)
    parent = load_model(find_model("infnet-small")).network.state_dict()
    prior = network.prior.state_dict()
    assert all(torch.equal(prior[key], parent[key]) for key in parent)
    assert not any(weight.requires_grad for weight in network.prior.parameters())
    assert all(weight.requires_grad for weight in network.unet.parameters())


@pytest.fixture
def elsewhere(parent, tmp_path):
    """A folder with a copy of the parent."""
    return shutil.copytree(find_model(parent).folder, tmp_path / "elsewhere")


def put_other_weights(name, tiny):
    torch.manual_seed(4)
    entry = find_model(name)
    save_model(entry.folder, entry.card, create_model("infnet", **tiny).state_dict())


def test_a_parent_may_be_the_folder_of_a_model_that_is_here(plan, elsewhere):
    assert plan("new", parent=str(elsewhere)) == plan("new", parent="parent")


@pytest.mark.parametrize("start", ["parent", "base"])
def test_a_folder_with_the_name_of_another_model_is_no_parent(
    plan, elsewhere, tiny, start
):
    put_other_weights("parent", tiny)
    with pytest.raises(UsageError, match="the parent 'parent' is not among the models"):
        plan("new", parent=str(elsewhere), start=start)


def test_a_parent_that_was_replaced_meanwhile_gives_no_weights(plan, parent, tiny):
    made = plan("new", parent=parent)
    put_other_weights(parent, tiny)
    with pytest.raises(UsageError, match="the parent 'parent' is not among the models"):
        first_network(made)


def test_what_was_measured_of_a_parent_is_not_said_of_its_child(store, monkeypatch):
    told = {
        "mirrored": True,
        "temperature": 1.6,
        "calibration": {"ece": 0.1},
        "failures": ("Vessels.",),
        "references": ("A paper.",),
    }
    entry = find_model("infnet-small")
    parent = replace(entry, card=entry.card.model_copy(update=told))
    monkeypatch.setattr("covseg_core.learn.origin.find_model", lambda name: parent)
    card = card_for("new", NewModel(parent="infnet-small"))
    assert (card.temperature, card.calibration) == (1.0, {})
    assert (card.metrics, card.failures) == ({}, ())
    assert (card.mirrored, card.references) == (True, ("A paper.",))


def test_a_parent_keeps_its_architecture_otherwise():
    with pytest.raises(ModelRefusedError, match="leave --arch away"):
        card_for("new", NewModel(parent="infnet-multi-small", arch="unet"))


def test_the_base_is_the_first_model_of_the_line():
    card = card_for("new", NewModel(parent="infnet-small"))
    child = card.model_copy(update={"parent": "grown", "base": "infnet-small"})
    assert weights_source(child, "base") == "infnet-small"
    with pytest.raises(UsageError, match="the parent 'grown' is not among the models"):
        weights_source(child, "parent")
    with pytest.raises(UsageError, match="'gone' of this line is not here any more"):
        weights_source(child.model_copy(update={"base": "gone"}), "base")
    assert weights_source(card_for("new", NewModel()), "parent") is None


def test_the_first_of_two_stages_is_taken_out_and_learns_on(store):
    wanted = NewModel(parent="infnet-multi-small", arch="infnet")
    made = make_plan(store, "new", wanted, TrainSettings())
    assert made.card.label_set == "infection"
    first = load_model(find_model("infnet-multi-small")).network.prior
    network = first_network(made)
    assert type(network) is type(create_model("infnet", **made.card.arguments))
    assert all(weight.requires_grad for weight in network.parameters())
    for name, weight in first.state_dict().items():
        assert torch.equal(network.state_dict()[name], weight)


def test_a_parent_may_be_shown_larger_slices():
    small = find_model("infnet-small").card.prepare
    assert card_for("new", NewModel(parent="infnet-small")).prepare == small
    larger = card_for("new", NewModel(parent="infnet-small", size=352)).prepare
    assert larger == small.model_copy(update={"size": 352})
