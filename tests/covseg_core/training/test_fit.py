from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from covseg_core.errors import ModelRefusedError
from covseg_core.training.config import TrainSettings
from covseg_core.training.data import TrainingSlices
from covseg_core.training.devices import make_fabric
from covseg_core.training.fit import fit
from covseg_core.training.order import Order
from covseg_core.training.trainee import Trainee
from covseg_core.transforms.augment_config import Augment
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")

STILL = Augment(**dict.fromkeys(set(Augment.model_fields) - {"cutout_share"}, 0.0))


def settings(**change):
    return TrainSettings(**({"epochs": 2, "batch_size": 4, "device": "cpu"} | change))


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


def steps_of(network, loss, data, prepare, chosen, validate=None):
    """Train a network as `training.start` does, with a loss of the test's own."""
    trainee = Trainee(network, chosen, Order(data.weights, chosen).steps)
    fabric = make_fabric(chosen)
    return fit(trainee, loss, data, prepare, chosen, fabric, validate)


def train(data, prepare, **change):
    network = small_network()
    chosen = settings(**change)
    steps = list(steps_of(network, infection_loss(network), data, prepare, chosen))
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
    list(steps_of(network, infection_loss(network), blobs, prepare, settings()))
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

    steps = list(steps_of(network, loss, blobs, prepare, settings()))
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

    steps = steps_of(network, loss, blobs, prepare, settings(epochs=50))
    next(steps)
    steps.close()
    assert calls == [4]


def test_few_slices_make_one_full_batch(blobs, prepare):
    two = TrainingSlices(blobs.pixels[:2], blobs.labels[:2], blobs.weights[:2])
    _, steps = train(two, prepare, epochs=1, batch_size=8)
    assert [(step.batch, step.batches) for step in steps] == [(1, 1)]


def test_slices_are_drawn_by_their_weights():
    """The grey of a slice says which one it is; the third has no weight."""
    grey = torch.tensor([0.2, 0.4, 0.6, 0.8])
    data = TrainingSlices(
        grey.view(4, 1, 1, 1).expand(4, 1, 32, 32).half(),
        torch.zeros(4, 32, 32, dtype=torch.uint8),
        torch.tensor([3.0, 1.0, 0.0, 1.0]),
    )
    weight = nn.Parameter(torch.zeros(1))
    network = nn.ParameterList([weight])
    plain = Prepare(size=32, mean=(0, 0, 0), std=(1, 1, 1))
    drawn = []

    def loss(pixels, labels):
        assert pixels.shape == (4, 3, 32, 32)
        drawn.extend((pixels[:, 0, 4, 4] * 5).round().int().tolist())
        return weight.sum()

    list(steps_of(network, loss, data, plain, settings(epochs=200, augment=STILL)))
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

    list(steps_of(network, loss, blobs, prepare, settings(augment=STILL)))


def test_weights_that_need_no_gradient_stay_bit_equal(blobs, prepare):
    network = small_network()
    network[0].requires_grad_(requires_grad=False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    list(steps_of(network, infection_loss(network), blobs, prepare, settings()))
    after = network.state_dict()
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert torch.equal(after["0.bias"], before["0.bias"])
    assert not torch.equal(after["3.weight"], before["3.weight"])


@pytest.mark.parametrize(("clip", "left"), [(0.5, 0.5), (0, 1e6)])
def test_a_huge_gradient_is_clipped_unless_the_bound_is_0(blobs, prepare, clip, left):
    weight = nn.Parameter(torch.zeros(1))
    seen = []
    weight.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))

    def loss(pixels, labels):
        return 1e6 * weight.sum()

    steps = steps_of(
        nn.ParameterList([weight]), loss, blobs, prepare, settings(clip=clip)
    )
    next(steps)
    assert seen[0].item() == 1e6
    assert weight.grad.item() == left


def test_every_step_is_taken_at_three_sizes_if_asked(blobs, prepare):
    network = small_network()
    sizes = []

    def loss(pixels, labels):
        assert labels.shape[1:] == pixels.shape[2:]
        sizes.append(pixels.shape[-1])
        return infection_loss(network)(pixels, labels)

    chosen = settings(epochs=1, multi_scale=True)
    list(steps_of(network, loss, blobs, Prepare(size=128), chosen))
    assert sizes == [96, 128, 160] * 2


def test_a_loss_that_is_not_finite_ends_training_with_a_sentence(blobs, prepare):
    weight = nn.Parameter(torch.ones(1))

    def loss(pixels, labels):
        return weight.sum() / 0

    steps = steps_of(nn.ParameterList([weight]), loss, blobs, prepare, settings())
    with pytest.raises(ModelRefusedError, match="loss inf in epoch 1, batch 1"):
        next(steps)
    assert weight.item() == 1


def test_training_ends_early_and_keeps_the_best_weights(blobs, prepare):
    network = small_network()
    scores = iter([0.3, 0.5, 0.4, 0.45, 0.9])
    chosen = settings(epochs=9, patience=2)
    trainee = Trainee(network, chosen, Order(blobs.weights, chosen).steps)
    after = []

    def validate():
        after.append(network.state_dict()["0.weight"].clone())
        return next(scores)

    loss = infection_loss(network)
    fabric = make_fabric(chosen)
    steps = list(fit(trainee, loss, blobs, prepare, chosen, fabric, validate))
    told = [step.score for step in steps if step.ends_epoch]
    assert told == [0.3, 0.5, 0.4, 0.45]
    assert (trainee.best.epoch, trainee.best.score) == (2, 0.5)
    assert torch.equal(trainee.best.weights["0.weight"], after[1])
    assert not torch.equal(trainee.network.state_dict()["0.weight"], after[1])


def test_patience_of_zero_never_ends_training(blobs, prepare):
    network = small_network()
    loss = infection_loss(network)
    chosen = settings(epochs=4, patience=0)
    steps = steps_of(network, loss, blobs, prepare, chosen, lambda: 0.0)
    assert [step.epoch for step in steps if step.ends_epoch] == [1, 2, 3, 4]


def test_halfway_divides_the_step_size_once(blobs, prepare):
    _, steps = train(blobs, prepare, epochs=4, schedule="halfway", learning_rate=0.01)
    rates = [step.learning_rate for step in steps if step.ends_epoch]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001])
