from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.training.config import TrainSettings
from covseg_core.training.trainee import Trainee


def trainee_of(average):
    """One weight that a step sets by hand."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    return Trainee(network, TrainSettings(schedule="constant"), 100, average)


def step_to(trainee, value):
    nn.init.constant_(trainee.network.weight, value)
    trainee.adam.step()
    trainee.note_step()


def test_without_an_average_the_network_itself_is_the_result():
    trainee = trainee_of(0.0)
    step_to(trainee, 3.0)
    trainee.settle()
    assert trainee.result is trainee.network
    assert trainee.network.weight.item() == 3.0


def test_the_mean_begins_with_the_first_weights_and_moves_a_share_of_the_way():
    trainee = trainee_of(0.1)
    step_to(trainee, 1.0)
    assert trainee.result.weight.item() == 1.0
    step_to(trainee, 3.0)
    # after n steps at most (1 + n) / (10 + n) of the mean stays, here 0.1
    assert trainee.result.weight.item() == pytest.approx(0.1 * 1 + 0.9 * 3)
    assert trainee.network.weight.item() == 3.0
    trainee.settle()
    assert trainee.network.weight.item() == pytest.approx(2.8)


def test_early_steps_are_forgotten_soon_however_long_the_mean():
    trainee = trainee_of(0.999)
    for value in (100.0, *[1.0] * 50):
        step_to(trainee, value)
    assert abs(trainee.result.weight.item() - 1.0) < 0.5


def test_the_mean_is_kept_in_a_checkpoint():
    trainee = trainee_of(0.5)
    for value in (1.0, 2.0, 5.0):
        step_to(trainee, value)
    again = trainee_of(0.5)
    again.load_state_dict(trainee.state_dict())
    for each in (trainee, again):
        step_to(each, 7.0)
    assert again.result.weight.item() == trainee.result.weight.item()
    assert again.step == trainee.step == 4


def test_only_filters_and_matrices_decay():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1))
    trainee = Trainee(network, TrainSettings(weight_decay=0.2), 10)
    decays = {
        weight.ndim: group["weight_decay"]
        for group in trainee.adam.param_groups
        for weight in group["params"]
    }
    assert decays == {4: 0.2, 1: 0.0}


def test_a_network_gets_the_mean_of_batch_statistics_too():
    network = nn.BatchNorm1d(1)
    trainee = Trainee(network, TrainSettings(), 10, 0.1)
    for mean in (0.0, 4.0):
        network.running_mean = torch.tensor([mean])
        trainee.adam.step()
        trainee.note_step()
    assert trainee.result.running_mean.item() == pytest.approx(3.6)
