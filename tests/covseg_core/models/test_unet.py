from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from covseg_core.errors import InputRefusedError
from covseg_core.models.cost import measure
from covseg_core.models.unet import BilinearUNet


def unet(state, x):
    """Compute the U-Net from its published names and plain functions."""

    def double_conv(name, x):
        for conv, norm in ((0, 1), (3, 4)):
            weight = state[f"{name}.double_conv.{conv}.weight"]
            x = F.conv2d(x, weight, state[f"{name}.double_conv.{conv}.bias"], padding=1)
            names = ("running_mean", "running_var", "weight", "bias")
            x = F.relu(
                F.batch_norm(
                    x, *(state[f"{name}.double_conv.{norm}.{each}"] for each in names)
                )
            )
        return x

    scales = [double_conv("inc", x)]
    for k in (1, 2, 3, 4):
        pooled = F.max_pool2d(scales[-1], 2)
        scales.append(double_conv(f"down{k}.maxpool_conv.1", pooled))
    y = scales.pop()
    for k in (1, 2, 3, 4):
        y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
        y = double_conv(f"up{k}.conv", torch.cat((scales.pop(), y), dim=1))
    return F.conv2d(y, state["outc.conv.weight"], state["outc.conv.bias"])


def test_published_weights_compute_what_they_should(random_state):
    state = random_state("unet")
    network = BilinearUNet(6, 3).eval()
    network.load_state_dict(state)
    x = torch.randn(1, 6, 32, 48, generator=torch.Generator().manual_seed(8))
    with torch.no_grad():
        expected = unet(state, x)
        assert expected.std() > 0.1
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4)


def test_it_has_the_size_of_the_paper():
    cost = measure(BilinearUNet(6, 3), size=352, in_channels=6)
    assert cost.parameters / 1e6 == pytest.approx(17.27, rel=0.01)
    assert cost.gmac == pytest.approx(75.8, rel=0.01)


def test_its_tensors_are_those_of_the_published_file(published_shapes):
    with torch.device("meta"):
        state = BilinearUNet(6, 3).state_dict()
    assert {k: list(v.shape) for k, v in state.items()} == published_shapes["unet"]


def test_an_odd_size_is_refused_with_the_size_to_pad_to():
    with pytest.raises(InputRefusedError, match="Pad them to 48 x 32"):
        BilinearUNet(1, 1, width=2)(torch.zeros(1, 1, 40, 32))
