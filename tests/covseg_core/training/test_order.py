from __future__ import annotations

import torch

from covseg_core.training.config import TrainSettings
from covseg_core.training.order import Order, random_numbers


def order(weights, **change):
    return Order(
        torch.tensor(weights),
        TrainSettings(**({"batch_size": 2, "epochs": 3} | change)),
    )


def test_an_epoch_is_the_same_whenever_it_is_asked_for():
    one, other = order([1.0] * 8), order([1.0] * 8)
    later = other.epoch(2)
    assert torch.equal(one.epoch(2), later)
    assert not torch.equal(one.epoch(1), later)
    assert not torch.equal(order([1.0] * 8, seed=1).epoch(2), later)


def test_without_balance_every_slice_is_seen_once():
    drawn = order([9.0, 1.0, 1.0, 1.0, 1.0, 1.0], balance=False).epoch(0)
    assert sorted(drawn.flatten().tolist()) == [0, 1, 2, 3, 4, 5]


def test_slices_without_weight_are_never_drawn():
    drawn = order([1.0, 0.0, 1.0, 0.0, 1.0, 1.0]).epoch(0)
    assert not {1, 3} & set(drawn.flatten().tolist())


def test_steps_are_whole_batches_over_all_epochs():
    seven = order([1.0] * 7)
    assert (seven.batches, seven.steps) == (3, 9)
    assert seven.epoch(0).shape == (3, 2)


def test_two_places_have_other_numbers_and_one_place_the_same():
    here, again, there = (
        torch.rand(4, generator=random_numbers(*place))
        for place in ((0, "augment", 1), (0, "augment", 1), (0, "augment", 2))
    )
    assert torch.equal(here, again)
    assert not torch.equal(here, there)
