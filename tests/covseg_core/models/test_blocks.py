from __future__ import annotations

import torch
from torch import nn

from covseg_core.models.blocks import (
    ConvBN,
    ParallelPartialDecoder,
    ReceptiveField,
    ReverseAttention,
    resize_as,
)


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(4))


def test_a_block_normalises_and_does_not_rectify():
    y = ConvBN(3, 5, 3)(noise(4, 3, 16, 16))
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(5), atol=1e-5, rtol=0)
    assert y.min() < -1


def test_a_dilated_or_flat_kernel_keeps_the_size():
    x = noise(1, 2, 16, 12)
    assert ConvBN(2, 2, (1, 7)).eval()(x).shape == x.shape
    assert ConvBN(2, 2, (7, 1)).eval()(x).shape == x.shape
    assert ConvBN(2, 2, 3, dilation=7).eval()(x).shape == x.shape


def test_a_dilated_kernel_learns_the_same_in_bfloat16():
    block, x = ConvBN(24, 24, 3, dilation=3), noise(2, 24, 32, 32)
    x = x.to(memory_format=torch.channels_last)
    learnt = []
    for enabled in (False, True):
        block.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            y = block(x)
        (y.float() * noise(*y.shape)).sum().backward()
        learnt.append(block.conv.weight.grad.clone())
    torch.testing.assert_close(*learnt, atol=0.5, rtol=0.05)


def test_the_receptive_field_reaches_10_pixels_in_every_direction():
    block = ReceptiveField(1, 1).eval()
    x = torch.zeros(1, 1, 41, 41, requires_grad=True)
    # ReLU would hide a negative answer.
    block.merge(torch.cat([branch(x) for branch in block.branches], dim=1))[
        0, 0, 20, 20
    ].backward()
    rows, columns = torch.nonzero(x.grad[0, 0], as_tuple=True)
    # 1 x 7 and 7 x 1 reach 3, 3 x 3 dilated by 7 reaches 7, the merge 1.
    assert (rows.min(), rows.max()) == (20 - 11, 20 + 11)
    assert (columns.min(), columns.max()) == (20 - 11, 20 + 11)


def test_the_decoder_answers_at_the_size_of_the_finest_feature():
    decoder = ParallelPartialDecoder(4).eval()
    y = decoder(noise(1, 4, 2, 3), noise(1, 4, 4, 6), noise(1, 4, 8, 12))
    assert y.shape == (1, 1, 8, 12)


def test_where_the_coarser_map_is_sure_the_feature_is_not_seen():
    attention = ReverseAttention(2, 2, 4).eval()
    edge, sure = noise(1, 2, 16, 16), torch.full((1, 1, 8, 8), 200.0)
    one, other = (attention(noise(1, 2, 8, 8) * k, sure, edge) for k in (1, 50))
    assert torch.equal(one, other)
    unsure = -sure
    one, other = (attention(noise(1, 2, 8, 8) * k, unsure, edge) for k in (1, 50))
    assert not torch.equal(one, other)


def test_a_reverse_attention_adds_to_the_map_before():
    attention = ReverseAttention(2, 2, 4).eval()
    nn.init.zeros_(attention.head.bn.weight)
    nn.init.constant_(attention.head.bn.bias, 0.5)
    coarser = noise(1, 1, 8, 8)
    y = attention(noise(1, 2, 8, 8), coarser, noise(1, 2, 16, 16))
    torch.testing.assert_close(y, coarser + 0.5)


def test_a_map_is_resized_by_the_mean_of_its_neighbours():
    x = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    assert resize_as(x, torch.empty(1, 9, 1, 1)).item() == 1.5
    assert torch.equal(resize_as(x, x), x)
