from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from covseg_core.training.config import TrainSettings
from covseg_core.training.data import TrainingSlices
from covseg_core.training.fit import fit
from covseg_core.transforms.augment import Augment

pytestmark = pytest.mark.usefixtures("one_thread")

STILL = Augment(**dict.fromkeys(Augment.model_fields, 0.0))


def settings(**change):
    return TrainSettings(**({"epochs": 2, "batch_size": 4} | change))


def small_network():
    torch.manual_seed(11)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 1)
    )


def infection_loss(network):
    def loss(pixels, labels):
        logits = network(pixels)
        return F.binary_cross_entropy_with_logits(logits[:, 0], (labels > 0).float())

    return loss


def train(data, prepare, **change):
    network = small_network()
    steps = list(
        fit(network, infection_loss(network), data, prepare, settings(**change))
    )
    return network.state_dict(), steps


def test_one_seed_gives_the_same_weights_twice_and_another_seed_others(blobs, prepare):
    first, steps = train(blobs, prepare)
    again, same_steps = train(blobs, prepare)
    other, _ = train(blobs, prepare, seed=1)
    assert steps == same_steps
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_training_leaves_the_worlds_random_numbers_alone(blobs, prepare):
    torch.manual_seed(5)
    expected = torch.rand(3)
    network = small_network()
    torch.manual_seed(5)
    list(fit(network, infection_loss(network), blobs, prepare, settings()))
    assert torch.equal(torch.rand(3), expected)


def test_the_loss_goes_down_on_bright_blobs(blobs, prepare):
    _, steps = train(blobs, prepare, epochs=12, learning_rate=0.03)
    last = {step.epoch: step.loss for step in steps}
    assert last[12] < 0.5 * last[1]


def test_every_batch_is_told_with_the_mean_loss_of_its_pass(blobs, prepare):
    network = small_network()
    values = []

    def loss(pixels, labels):
        value = infection_loss(network)(pixels, labels)
        values.append(value.item())
        return value

    steps = list(fit(network, loss, blobs, prepare, settings()))
    assert [(s.epoch, s.epochs, s.batch, s.batches) for s in steps] == [
        (1, 2, 1, 2),
        (1, 2, 2, 2),
        (2, 2, 1, 2),
        (2, 2, 2, 2),
    ]
    means = [values[0], sum(values[:2]) / 2, values[2], sum(values[2:]) / 2]
    assert [step.loss for step in steps] == pytest.approx(means)


def test_training_stops_when_nobody_asks_for_more(blobs, prepare):
    network = small_network()
    calls = []

    def loss(pixels, labels):
        calls.append(len(pixels))
        return infection_loss(network)(pixels, labels)

    steps = fit(network, loss, blobs, prepare, settings(epochs=50))
    next(steps)
    steps.close()
    assert calls == [4]


def test_few_slices_make_one_full_batch(blobs, prepare):
    two = TrainingSlices(blobs.pixels[:2], blobs.labels[:2], blobs.weights[:2])
    _, steps = train(two, prepare, epochs=1, batch_size=8)
    assert [(step.batch, step.batches) for step in steps] == [(1, 1)]


def test_slices_are_drawn_by_their_weights(prepare):
    """The grey of a slice says which one it is; the third has no weight."""
    grey = torch.tensor([0.2, 0.4, 0.6, 0.8])
    data = TrainingSlices(
        grey.view(4, 1, 1, 1).expand(4, 1, 8, 8).half(),
        torch.zeros(4, 8, 8, dtype=torch.uint8),
        torch.tensor([3.0, 1.0, 0.0, 1.0]),
    )
    weight = nn.Parameter(torch.zeros(1))
    network = nn.ParameterList([weight])
    plain = prepare.model_copy(update={"mean": (0, 0, 0), "std": (1, 1, 1)})
    drawn = []

    def loss(pixels, labels):
        assert pixels.shape == (4, 3, 8, 8)
        drawn.extend((pixels[:, 0, 4, 4] * 5).round().int().tolist())
        return weight.sum()

    list(fit(network, loss, data, plain, settings(epochs=200, augment=STILL)))
    shares = [drawn.count(number) / len(drawn) for number in (1, 2, 3, 4)]
    assert shares[2] == 0
    assert shares == pytest.approx([0.6, 0.2, 0, 0.2], abs=0.06)


def test_images_are_normalised_and_labels_are_classes(blobs, prepare):
    network = small_network()

    def loss(pixels, labels):
        assert pixels.shape == (4, 3, 64, 64)
        assert labels.dtype == torch.int64
        assert set(labels.unique().tolist()) <= {0, 1, 2}
        grey = pixels * torch.tensor(prepare.std).view(1, 3, 1, 1)
        grey = grey + torch.tensor(prepare.mean).view(1, 3, 1, 1)
        torch.testing.assert_close(grey[:, 0], grey[:, 2])
        expected = 0.2 + 0.3 * labels
        torch.testing.assert_close(grey[:, 0], expected.float(), rtol=0, atol=2e-3)
        return infection_loss(network)(pixels, labels)

    list(fit(network, loss, blobs, prepare, settings(augment=STILL)))


def test_weights_that_need_no_gradient_stay_bit_equal(blobs, prepare):
    network = small_network()
    network[0].requires_grad_(requires_grad=False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    list(fit(network, infection_loss(network), blobs, prepare, settings()))
    after = network.state_dict()
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert torch.equal(after["0.bias"], before["0.bias"])
    assert not torch.equal(after["3.weight"], before["3.weight"])


def test_a_huge_gradient_is_clipped(blobs, prepare):
    weight = nn.Parameter(torch.zeros(1))
    seen = []
    weight.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))

    def loss(pixels, labels):
        return 1e6 * weight.sum()

    steps = fit(nn.ParameterList([weight]), loss, blobs, prepare, settings(clip=0.5))
    next(steps)
    assert seen[0].item() == 1e6
    assert weight.grad.item() == 0.5
