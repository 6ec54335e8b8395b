from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.models.backbones import BACKBONES
from covseg_core.models.cost import cost_of
from covseg_core.models.infnet_joint import InfNetJoint
from covseg_core.models.multi_infnet import MultiInfNet


@pytest.fixture
def slices():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def seen_by_unet():
    """Put a hook on a network that notes what its U-Net is shown."""
    seen = []

    def watch(network):
        network.unet.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        return seen

    return watch


def test_the_second_stage_sees_the_slice_and_the_first_stages_map(
    small, slices, seen_by_unet
):
    network = MultiInfNet(width=4, **small).eval()
    seen = seen_by_unet(network)
    infection = network.prior.probabilities(network(slices).prior)[:, 0]
    (x,) = seen
    assert x.shape == (2, 6, 64, 64)
    assert torch.equal(x[:, :3], slices)
    # Scaled as red, green and blue of a photograph.
    for channel, (mean, std) in enumerate(
        ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)), start=3
    ):
        torch.testing.assert_close(x[:, channel] * std + mean, infection)


def test_a_prior_of_ones_own_takes_the_place_of_the_first_stage(
    small, slices, seen_by_unet
):
    network = MultiInfNet(width=4, **small).eval()
    seen = seen_by_unet(network)
    own = torch.zeros(2, 1, 64, 64)
    own[:, :, 10:20] = 1
    assert network(slices, own).prior is None
    torch.testing.assert_close(seen[0][:, 3:4] * 0.229 + 0.485, own)


@pytest.mark.parametrize("network_class", [MultiInfNet, InfNetJoint])
@pytest.mark.parametrize(
    ("channel", "expected"), [(0, (0, 0)), (1, (1, 0)), (2, (0, 1))]
)
def test_channels_are_background_opacity_consolidation(
    small, slices, network_class, channel, expected
):
    network = network_class(width=4, **small).eval()
    last = network.unet.outc.conv if network_class is MultiInfNet else network.head
    nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias[:] = 50 * torch.eye(3)[channel]
    if network_class is InfNetJoint:
        network.prior.probabilities = lambda _: torch.ones_like(slices[:, :1])
    probabilities = network.predict_probabilities(slices)
    for found, wanted in zip(probabilities.unbind(dim=1), expected, strict=True):
        torch.testing.assert_close(found, torch.full_like(found, wanted))


def test_the_joint_network_costs_a_quarter_of_the_two_stages():
    two_stages = cost_of("multi-infnet", backbone="resnet50")
    joint = cost_of("infnet-joint", backbone="resnet50")
    assert two_stages.gmac == pytest.approx(12.84 + 75.82, rel=0.01)
    assert joint.gmac == pytest.approx(18.99, rel=0.01)
    assert joint.gmac < two_stages.gmac / 4


def test_the_joint_network_gives_the_maps_of_inf_net_too(small, slices):
    network = InfNetJoint(width=4, **small).eval()
    expected = network.prior(slices)
    output = network(slices)
    for found, wanted in zip(output.prior.maps, expected.maps, strict=True):
        assert torch.equal(found, wanted)


def test_both_decoders_of_the_joint_network_have_a_say_in_what_is_infected(
    small, slices
):
    network = InfNetJoint(width=4, **small).eval()
    output = network(slices)
    classes = output.logits.softmax(dim=1)[:, 1:]
    first, second = torch.sigmoid(output.prior.logits), classes.sum(1, keepdim=True)
    found = network.probabilities(output)
    torch.testing.assert_close(found.sum(1, keepdim=True), (first * second).sqrt())
    torch.testing.assert_close(found[:, 0] / found[:, 1], classes[:, 0] / classes[:, 1])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_joint_network_stands_on_every_backbone(small, backbone):
    # No numbers are computed, only sizes.
    with torch.device("meta"):
        network = InfNetJoint(width=4, **small | {"backbone": backbone}).eval()
        output = network(torch.empty(1, 3, 64, 96))
    assert output.logits.shape == (1, 3, 64, 96)
    assert network.detail.conv.in_channels == (3 if backbone == "vgg16" else 12)
