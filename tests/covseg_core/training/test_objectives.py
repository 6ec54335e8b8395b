from __future__ import annotations

import pytest
import torch

from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.losses import class_loss, infnet_loss
from covseg_core.models import create_model
from covseg_core.training.config import TrainSettings
from covseg_core.training.fit import fit
from covseg_core.training.objectives import infection_objective, second_stage_objective

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def two_stages(tiny):
    torch.manual_seed(3)
    return create_model("multi-infnet", **tiny, width=4)


def test_infnet_learns_blobs_in_a_few_steps(tiny, blobs, prepare):
    torch.manual_seed(3)
    network = create_model("infnet", **tiny)
    settings = TrainSettings(epochs=4, batch_size=4, learning_rate=3e-3)
    steps = list(fit(network, infection_objective(network), blobs, prepare, settings))
    losses = [step.loss for step in steps if step.batch == step.batches]
    assert losses[-1] < 0.9 * losses[0]
    assert network.training


@pytest.mark.parametrize("weighting", ["paper", "released"])
def test_infection_of_every_class_is_one_to_infnet(tiny, weighting):
    torch.manual_seed(3)
    network = create_model("infnet", **tiny)
    pixels, labels = torch.randn(2, 3, 64, 64), torch.zeros(2, 64, 64).long()
    labels[0, 10:20, 10:20] = 1
    labels[0, 30:40, 10:20] = 2
    labels[1, 10:30, 30:50] = UNKNOWN_CLASS
    loss = infection_objective(network, weighting)(pixels, labels)
    output = network(pixels)
    infected = (labels > 0).float()[:, None]
    expected = infnet_loss(output.maps, output.edge, infected, weighting)
    torch.testing.assert_close(loss, expected)


def test_the_second_stage_learns_and_its_prior_stays_bit_equal(
    two_stages, blobs, prepare
):
    before = {key: value.clone() for key, value in two_stages.state_dict().items()}
    settings = TrainSettings(epochs=1, batch_size=4)
    list(fit(two_stages, second_stage_objective(two_stages), blobs, prepare, settings))
    changed = {
        key
        for key, value in two_stages.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert not [key for key in changed if key.startswith("prior.")]
    assert {key for key in before if key.startswith("unet.")} == changed


def test_the_second_stage_meets_priors_as_they_are_predicted(two_stages):
    torch.manual_seed(4)
    pixels, labels = torch.randn(2, 3, 64, 64), torch.zeros(2, 64, 64).long()
    labels[:, 20:30, 20:30] = UNKNOWN_CLASS
    loss = second_stage_objective(two_stages)(pixels, labels)
    assert two_stages.unet.training
    assert not any(layer.training for layer in two_stages.prior.modules())
    with torch.no_grad():
        prior = two_stages.prior.predict_probabilities(pixels)
        logits = two_stages(pixels, prior).logits
    torch.testing.assert_close(loss, class_loss(logits, labels))
