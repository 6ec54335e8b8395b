from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from covseg_core.errors import InputRefusedError
from covseg_core.models.backbones import create_backbone, create_full_backbone
from covseg_core.models.coach import Coach, keep_best, keep_softly


def slices(height=64, width=96):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def coach():
    torch.manual_seed(0)
    return Coach(create_backbone("mobilenetv3_small_050"))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_exactly_the_share_is_kept_even_of_equal_scores(share):
    scores = torch.randn(3, 1, 4, 8)
    scores[1] = 0.0
    kept = keep_best(scores, share)
    assert kept.sum((1, 2, 3)).tolist() == [share * 32] * 3
    assert set(kept.unique().tolist()) == {0.0, 1.0}


def test_what_scores_highest_is_kept():
    scores = torch.tensor([[[[0.1, 5.0], [-3.0, 0.2]]]])
    assert keep_best(scores, 0.5).tolist() == [[[[0, 1], [0, 1]]]]
    assert keep_best(scores, 0.75).tolist() == [[[[1, 1], [0, 1]]]]


def test_some_cells_are_kept_and_some_erased_of_the_smallest_slice():
    scores = torch.arange(4.0).view(1, 1, 2, 2)
    assert keep_best(scores, 0.95).sum() == 3
    assert keep_best(scores, 0.05).sum() == 1


def test_soft_weights_are_a_half_at_the_last_that_is_kept():
    scores = torch.tensor([[[[3.0, 2.0], [1.0, 0.0]]]])
    soft = keep_softly(scores, 0.75, 1.0)
    # The third largest of four is 1.
    expected = torch.sigmoid(torch.tensor([[[[2.0, 1.0], [0.0, -1.0]]]]))
    torch.testing.assert_close(soft, expected)
    hard = keep_softly(scores, 0.75, 100.0)
    assert ((hard >= 0.5).float() == keep_best(scores, 0.75)).all()


def test_each_slice_is_measured_against_its_own_scores():
    scores = torch.stack([torch.arange(16.0), 100 + torch.arange(16.0)])
    soft = keep_softly(scores.view(2, 1, 4, 4), 0.5, 1.0)
    torch.testing.assert_close(soft[0], soft[1])


class Finer(nn.Module):
    """Features from 1/2 to 1/16, like VGG-16's."""

    channels = (1, 1, 2, 3)

    def forward(self, x):
        return [
            functional.avg_pool2d(x[:, :n], 2 ** (i + 1))
            for i, n in enumerate(self.channels)
        ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: create_backbone("mobilenetv3_small_050"),
        lambda: create_full_backbone("mobilenetv3_small_050"),
        Finer,
    ],
    ids=["four features", "five features", "an octave finer"],
)
def test_there_is_a_score_for_every_cell_of_16_pixels(make):
    scores, divergence = Coach(make())(slices())
    assert scores.shape == (2, 1, 4, 6)
    assert divergence.shape == ()
    assert divergence > 0


def test_scores_are_drawn_while_it_learns_and_certain_afterwards(coach):
    x = slices()
    coach.train()
    assert not torch.equal(coach(x).scores, coach(x).scores)
    coach.eval()
    assert torch.equal(coach(x).scores, coach(x).scores)


def test_the_divergence_is_that_of_two_gaussians(coach):
    """100 channels at 4 x 6 cells, each N(1, 1) against N(0, 1): half a nat."""
    with torch.no_grad():
        weight = coach.bottleneck.weight.clone()
        bias = coach.bottleneck.bias.clone()
        coach.bottleneck.weight.zero_()
        coach.bottleneck.bias[:100] = 1
        coach.bottleneck.bias[100:] = 0
        found = coach(slices()).divergence
        coach.bottleneck.weight.copy_(weight)
        coach.bottleneck.bias.copy_(bias)
    assert found.item() == pytest.approx(0.5 * 100 * 24)


def test_every_weight_of_the_coach_learns(coach):
    coach.train()
    scores, divergence = coach(slices())
    (keep_softly(scores, 0.75, 1.0).square().sum() + divergence).backward()
    lost = [name for name, each in coach.named_parameters() if each.grad is None]
    assert lost == []


def test_slices_of_another_size_are_refused(coach):
    with pytest.raises(InputRefusedError, match="Pad them to 64 x 64"):
        coach(slices(40, 64))
