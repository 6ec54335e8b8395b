from __future__ import annotations

import pytest
import torch

from covseg_core.labels import UNKNOWN_CLASS, Tissue
from covseg_core.losses import class_loss, infnet_loss, segmentation_loss
from covseg_core.models import create_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.devices import make_fabric
from covseg_core.training.objectives import PRIOR_SHARE, objective_for
from covseg_core.training.start import start
from covseg_core.transforms.augment import augment_slices

pytestmark = pytest.mark.usefixtures("one_thread")

MOVES = ("flip", "upside_down", "crop", "turn", "zoom", "shift")


@pytest.fixture
def two_stages(tiny):
    torch.manual_seed(3)
    return create_model("multi-infnet", **tiny, width=4)


@pytest.fixture
def slices():
    """Two random slices with each class and one area of unknown class."""
    torch.manual_seed(4)
    labels = torch.zeros(2, 64, 64).long()
    labels[0, 10:20, 10:20] = 1
    labels[0, 30:40, 10:20] = 2
    labels[1, 10:30, 30:50] = UNKNOWN_CLASS
    return torch.randn(2, 3, 64, 64), labels


def train(network, data, prepare, **change):
    settings = TrainSettings(**({"batch_size": 4, "device": "cpu"} | change))
    return list(start(network, data, prepare, settings, make_fabric(settings)).steps)


def test_infnet_learns_blobs_in_a_few_steps(tiny, blobs, prepare):
    torch.manual_seed(3)
    network = create_model("infnet", **tiny)
    steps = train(network, blobs, prepare, epochs=4, learning_rate=3e-3)
    losses = [step.loss for step in steps if step.ends_epoch]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("weighting", ["paper", "released"])
def test_infection_of_every_class_is_one_to_infnet(tiny, slices, weighting):
    torch.manual_seed(3)
    network = create_model("infnet", **tiny)
    pixels, labels = slices
    loss = objective_for(network, weighting)(pixels, labels)
    output = network(pixels)
    infected = (labels > 0).float()[:, None]
    expected = infnet_loss(output.maps, output.edge, infected, weighting)
    torch.testing.assert_close(loss, expected)


def test_both_stages_learn_at_once_and_the_second_does_not_pull_at_the_first(
    two_stages, slices
):
    pixels, labels = slices
    objective_for(two_stages)(pixels, labels).backward()
    first = {name: weight.grad for name, weight in two_stages.prior.named_parameters()}
    assert all(weight.grad is not None for weight in two_stages.unet.parameters())

    alone = two_stages.prior
    two_stages.zero_grad()
    objective_for(alone)(pixels, labels).backward()
    for name, weight in alone.named_parameters():
        torch.testing.assert_close(PRIOR_SHARE * weight.grad, first[name])


def test_a_first_stage_at_rest_stays_bit_equal(two_stages, blobs, prepare):
    two_stages.prior.requires_grad_(requires_grad=False)
    before = {key: value.clone() for key, value in two_stages.state_dict().items()}
    train(two_stages, blobs, prepare, epochs=1)
    changed = {
        key
        for key, value in two_stages.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert {key for key in before if key.startswith("unet.")} == changed


def test_the_second_stage_meets_priors_as_they_are_predicted(two_stages, slices):
    two_stages.prior.requires_grad_(requires_grad=False)
    pixels, labels = slices
    loss = objective_for(two_stages)(pixels, labels)
    assert two_stages.unet.training
    assert not any(layer.training for layer in two_stages.prior.modules())
    with torch.no_grad():
        prior = two_stages.prior.predict_probabilities(pixels)
        logits = two_stages(pixels, prior).logits
    torch.testing.assert_close(loss, classes_and_infection(logits, labels))


def test_the_joint_network_learns_classes_and_infection(tiny, slices):
    torch.manual_seed(3)
    network = create_model("infnet-joint", **tiny, width=8)
    pixels, labels = slices
    loss = objective_for(network)(pixels, labels)
    output = network(pixels)
    infected = (labels > 0).float()[:, None]
    prior = infnet_loss(output.prior.maps, output.prior.edge, infected)
    expected = classes_and_infection(output.logits, labels) + PRIOR_SHARE * prior
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("classes", [1, 3])
def test_a_unet_learns_infection_or_its_classes(slices, classes):
    torch.manual_seed(3)
    network = create_model("unet", backbone="regnety_002", classes=classes, width=4)
    pixels, labels = slices
    loss = objective_for(network)(pixels, labels)
    logits = network(pixels).logits
    if classes == 1:
        expected = segmentation_loss(logits, (labels > 0).float()[:, None])
    else:
        expected = classes_and_infection(logits, labels)
    torch.testing.assert_close(loss, expected)


def classes_and_infection(logits, labels):
    """What it is made of, from probabilities instead of logits."""
    infected = 1 - logits.softmax(dim=1)[:, :1]
    whole = segmentation_loss(torch.logit(infected), (labels > 0).float()[:, None])
    return class_loss(logits, labels) + whole


def test_a_network_without_an_objective_is_refused():
    with pytest.raises(TypeError, match="no objective for a Linear"):
        objective_for(torch.nn.Linear(2, 2))


def test_stichnet_is_shown_no_lesion_where_outside_is_known(
    blobs, prepare, monkeypatch
):
    shown = []

    def watched(*slices, **how):
        pixels, labels = augment_slices(*slices, **how)
        shown.append(labels)
        return pixels, labels

    monkeypatch.setattr("covseg_core.training.fit.augment_slices", watched)
    network = create_model(
        "stichnet",
        backbone="test_efficientnet.r160_in1k",
        widths=(4, 4, 6, 6, 8),
        decoder_width=4,
    )
    blobs.labels[:] = int(Tissue.OUTSIDE)
    blobs.labels[::2] = int(Tissue.HEALTHY)
    blobs.labels[::2, :20] = int(Tissue.GGO)
    blobs.pixels[:] = 0.2
    augment = dict.fromkeys(MOVES, 0) | {"transplant": 1}
    train(network, blobs, prepare, epochs=4, augment=augment)
    labels = torch.cat(shown)
    outside = (labels == Tissue.OUTSIDE).flatten(1).any(1)
    assert outside.any()
    assert not (labels[outside] == Tissue.GGO).any()
