from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models.infnet import InfNet


@pytest.fixture
def slices():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("count", "kept"), [(3, "543"), (2, "43"), (1, "3")])
def test_the_finest_reverse_attentions_are_kept(small, slices, count, kept):
    network = InfNet(**{**small, "reverse_attention": count})
    assert list(network.reverse_attention) == [f"f{level}" for level in kept]
    assert len(network(slices).maps) == count + 1


@pytest.mark.parametrize("count", [0, 4])
def test_another_number_of_reverse_attentions_is_refused(small, count):
    with pytest.raises(ModelRefusedError, match="has 1, 2 or 3"):
        InfNet(**{**small, "reverse_attention": count})


def test_the_first_reverse_attention_that_is_kept_corrects_the_global_map(
    small, slices
):
    network = InfNet(**{**small, "reverse_attention": 1}).eval()
    # A head that says nothing leaves the guess as it was.
    nn.init.zeros_(network.reverse_attention["f3"].head.bn.weight)
    nn.init.zeros_(network.reverse_attention["f3"].head.bn.bias)
    s3, global_map = network(slices).maps
    assert torch.equal(s3, global_map)


def test_the_prediction_is_the_finest_map(small, slices):
    network = InfNet(**small).eval()
    output = network(slices)
    assert output.logits is output.maps[0]
    assert torch.equal(network.probabilities(output), output.maps[0].sigmoid())


def test_maps_are_made_at_the_scales_of_the_figure(small, slices):
    features = InfNet(**small).features(slices)
    assert [each.shape[-1] for each in features.maps] == [8, 4, 2, 8]
    assert [each.shape[-1] for each in features.pyramid] == [16, 8, 4, 2]
    assert features.edge.shape == (2, 8, 16, 16)


def test_nothing_but_rfb_and_reverse_attention_has_a_relu(small):
    network = InfNet(**small)
    own = [
        layer
        for name, layer in network.named_modules()
        if not name.startswith("encoder") and isinstance(layer, nn.ReLU)
    ]
    assert own == []
    x = torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(2))
    assert network.eval().edge_attention[1](x).min() < 0
