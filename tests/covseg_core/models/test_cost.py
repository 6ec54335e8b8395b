"""The sizes that the papers' networks must have, at 352 x 352 pixels."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.models.cost import Cost, cost_of, measure

PUBLISHED = {
    "res2net50": (31.07, 13.84),
    "resnet50": (30.91, 12.84),
    "vgg16": (21.30, 47.66),
    "iresnet50": (30.91, 12.94),
    "resnest50": (32.84, 16.01),
    "resnext50": (30.38, 13.19),
}


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_infnet_has_the_size_of_the_papers(backbone):
    cost = cost_of("infnet", backbone=backbone)
    megaparameters, gmac = PUBLISHED[backbone]
    assert cost.parameters / 1e6 == pytest.approx(megaparameters, rel=0.01)
    assert cost.gmac == pytest.approx(gmac, rel=0.01)


def test_a_convolution_is_counted_by_hand():
    # 3 x 3 x 2 weights for each of 4 channels at 8 x 8 positions
    network = nn.Conv2d(2, 4, 3, padding=1)
    assert measure(network, size=8, in_channels=2) == Cost(76, 4608 / 1e9)


def test_measuring_leaves_the_network_alone():
    network = nn.BatchNorm2d(3)
    before = network.running_mean.clone()
    measure(network, size=32)
    assert network.training
    assert torch.equal(network.running_mean, before)
