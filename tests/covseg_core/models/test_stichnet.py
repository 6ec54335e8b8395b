from __future__ import annotations

import pytest
import torch

from covseg_core.errors import InputRefusedError
from covseg_core.labels import LESIONS, Tissue
from covseg_core.models import create_model

SMALL = {
    "backbone": "test_efficientnet.r160_in1k",
    "widths": (4, 4, 6, 6, 8),
    "decoder_width": 4,
}


def network(**change):
    torch.manual_seed(0)
    return create_model("stichnet", **(SMALL | change)).eval()


@pytest.fixture(scope="module")
def output():
    torch.manual_seed(1)
    return network()(torch.rand(2, 3, 64, 96))


def test_there_are_four_styles_and_four_tissues_at_the_size_of_the_slice(output):
    for part in (output.styles, output.concentrations, output.log_tissue):
        assert part.shape == (2, 4, 64, 96)
    assert output.divergence.shape == (2,)


def test_the_tissues_of_a_pixel_share_one_whole(output):
    total = output.log_tissue.exp().sum(dim=1)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


def test_opacity_is_brighter_than_healthy_lung_and_consolidation_than_opacity(output):
    healthy, ggo, consolidation = (
        output.styles[:, tissue]
        for tissue in (Tissue.HEALTHY, Tissue.GGO, Tissue.CONSOLIDATION)
    )
    assert (ggo - healthy >= 0.1 * (1 - healthy) - 1e-6).all()
    assert (consolidation - ggo >= 0.1 * (1 - ggo) - 1e-6).all()
    assert ((output.styles > 0) & (output.styles <= 1)).all()


def test_free_styles_can_come_in_any_order():
    net = network(ordered=False)
    with torch.no_grad():
        net.style_decoder.head.bias[: len(Tissue)] = 0
    styles = net(torch.rand(2, 3, 64, 64)).styles
    assert (styles[:, Tissue.GGO] < styles[:, Tissue.HEALTHY]).any()


@pytest.mark.parametrize("ordered", [True, False])
def test_styles_begin_where_their_tissues_are(ordered):
    net = network(ordered=ordered)
    with torch.no_grad():
        net.style_decoder.head.weight.zero_()
    styles = net(torch.rand(1, 3, 64, 64)).styles[0, :, 0, 0]
    assert styles.tolist() == pytest.approx([0.8, 0.55, 0.85, 0.33], abs=1e-5)


def test_the_reconstruction_stitches_the_styles_by_tissue(output):
    by_hand = sum(
        output.log_tissue[:, tissue].exp() * output.styles[:, tissue]
        for tissue in Tissue
    )
    assert torch.allclose(output.reconstruction[:, 0], by_hand, atol=1e-6)


def test_probabilities_are_those_of_the_two_lesions(output):
    p = network().probabilities(output)
    assert network().label_set is LESIONS
    assert torch.equal(p[:, 0], output.log_tissue[:, 1].exp())
    assert torch.equal(p[:, 1], output.log_tissue[:, 2].exp())


def test_samples_differ_from_one_another_and_the_prediction_does_not():
    net, x = network(), torch.rand(1, 3, 64, 64)
    drawn = net.samples(x, 3)
    assert drawn.shape == (3, 1, 2, 64, 64)
    assert not torch.equal(drawn[0], drawn[1])
    assert torch.equal(net.predict_probabilities(x), net.predict_probabilities(x))


def test_meaning_comes_from_its_own_chain():
    net, x = network(), torch.rand(1, 3, 64, 64)
    before = net(x)
    with torch.no_grad():
        for weight in net.style_chain.parameters():
            weight.zero_()
    after = net(x)
    inside = [out.log_tissue[:, 1:].log_softmax(dim=1) for out in (before, after)]
    assert torch.allclose(*inside, atol=1e-5)
    assert not torch.allclose(before.styles, after.styles)


def test_the_networks_default_is_the_layout_of_the_paper():
    net = create_model("stichnet")
    crushed = [layer.in_channels for layer in net.style_chain.crush]
    assert crushed == [32, 64, 128, 256, 512]
    assert all(layer.out_channels == 2 for layer in net.style_chain.crush)
    assert net.style_decoder.head.out_channels == 9


def test_a_size_that_is_no_multiple_of_32_is_refused():
    with pytest.raises(InputRefusedError, match="Pad them to 64 x 64"):
        network()(torch.rand(1, 3, 60, 64))
