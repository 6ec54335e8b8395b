from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models import create_model
from covseg_core.models.infnet import InfNet
from covseg_core.models.inpainter import Inpainter, heads_of

PRETRAINED = ("infnet", "multi-infnet", "infnet-joint", "unet")
HEADS = {
    "infnet": 5,
    "infnet, one reverse attention, grey slices": 3,
    "multi-infnet": 6,
    "infnet-joint": 6,
    "unet": 1,
    "unet, three classes": 1,
}


@pytest.fixture
def network(recipe):
    torch.manual_seed(0)
    return create_model(recipe[0], **recipe[1])


@pytest.fixture
def inpainter(network, recipe):
    """An inpainter whose every weight and statistic has changed since it was made."""
    if recipe[0] not in PRETRAINED:
        pytest.skip("cannot be pretrained")
    made = Inpainter(network)
    with torch.no_grad():
        for value in made.state_dict().values():
            value.add_(1)
    return made


def of_heads(network):
    heads = tuple(f"{path}." for path in heads_of(network))
    return {key for key in network.state_dict() if key.startswith(heads)}


def test_all_tensors_but_those_of_the_heads_are_handed_on(network, inpainter):
    before, after = network.state_dict(), inpainter.network.state_dict()
    handed = inpainter.handed_on()
    heads = of_heads(network)
    assert handed.keys() == before.keys()
    learnt = handed.keys() - heads
    assert all(torch.equal(handed[key], after[key]) for key in learnt)
    assert not any(torch.equal(handed[key], before[key]) for key in learnt)
    assert all(torch.equal(handed[key], before[key]) for key in heads)
    network.load_state_dict(handed)


def test_what_is_replaced_is_the_last_layer_of_every_head(network, recipe, request):
    if recipe[0] not in PRETRAINED:
        with pytest.raises(ModelRefusedError, match="cannot be pretrained; choose"):
            heads_of(network)
        return
    name = request.node.callspec.params["recipe"]
    paths = heads_of(network)
    assert len(paths) == HEADS[name]
    weights = [network.get_submodule(path).state_dict() for path in paths]
    # A head with batch normalisation has six tensors, a plain convolution two.
    assert len(of_heads(network)) == sum(len(each) for each in weights)
    painter = Inpainter(network)
    for path in paths:
        layer = painter.network.get_submodule(path)
        assert isinstance(layer, nn.Conv2d)
        assert layer.out_channels == 1


def test_every_head_repaints_the_slice_at_its_size(inpainter, recipe, request):
    channels = recipe[1].get("in_channels", 3)
    painted = inpainter(torch.randn(2, channels, 32, 64))
    assert len(painted) == HEADS[request.node.callspec.params["recipe"]]
    assert all(each.shape == (2, 1, 32, 64) for each in painted)


def test_the_network_that_is_given_stays_as_it_is(tiny):
    network = InfNet(**tiny)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    painter = Inpainter(network).train()
    torch.stack(painter(torch.randn(2, 3, 32, 32))).mean().backward()
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


def test_every_weight_learns_from_what_is_painted(inpainter, recipe):
    channels = recipe[1].get("in_channels", 3)
    painted = inpainter(torch.randn(2, channels, 32, 64))
    sum(each.square().mean() for each in painted).backward()
    lost = [name for name, each in inpainter.named_parameters() if each.grad is None]
    assert lost == []


def test_a_network_with_unknown_heads_is_refused():
    with pytest.raises(ModelRefusedError, match="a Linear cannot be pretrained"):
        heads_of(nn.Linear(2, 2))
