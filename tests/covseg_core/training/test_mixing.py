from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from covseg_core.training.mixing import mix_weights


def network(value):
    made = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    with torch.no_grad():
        for weight in (*made.parameters(), made[1].running_mean, made[1].running_var):
            weight.fill_(value)
    made[1].num_batches_tracked.fill_(int(value))
    return made


@pytest.mark.parametrize(("share", "expected"), [(0.0, 5), (0.25, 4), (1.0, 1)])
def test_every_weight_and_mean_goes_back_by_the_share(share, expected):
    child, parent = network(5.0), network(1.0)
    mix_weights(child, parent, share)
    for name, weight in child.state_dict().items():
        if name != "1.num_batches_tracked":
            torch.testing.assert_close(weight, torch.full_like(weight, expected))


def test_counts_stay_and_so_does_the_parent():
    child, parent = network(5.0), network(1.0)
    before = copy.deepcopy(parent.state_dict())
    mix_weights(child, parent, 0.5)
    assert child[1].num_batches_tracked == 5
    for name, weight in parent.state_dict().items():
        assert torch.equal(weight, before[name])
