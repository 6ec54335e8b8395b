from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from covseg_core.models.coach import Coach, CoachOutput
from covseg_core.models.infnet import InfNet
from covseg_core.models.inpainter import Inpainter
from covseg_core.models.rotation import TurnTeller, encoder_of
from covseg_core.training.data import TrainingSlices
from covseg_core.training.pretext import (
    coach_loss,
    inpainting_loss,
    reconstruction_error,
    rotation_loss,
    turn_accuracy,
)
from covseg_core.training.pretrain_config import PretrainSettings
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")

PLAIN = Prepare(size=64, mean=(0, 0, 0), std=(1, 1, 1))


def settings(**change):
    return PretrainSettings(device="cpu", **change)


@pytest.fixture
def inpainter(tiny):
    torch.manual_seed(0)
    return Inpainter(InfNet(**tiny))


@pytest.fixture
def coach(tiny):
    torch.manual_seed(1)
    return Coach(encoder_of(InfNet(**tiny)))


def noise():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))


def half_kept():
    """The upper half of one slice of 4 x 4 is kept."""
    kept = torch.zeros(1, 1, 4, 4)
    kept[:, :, :2] = 1
    return kept


def test_erased_pixels_count_in_full_and_kept_ones_by_a_hundredth():
    black = torch.zeros(1, 3, 4, 4)
    painted = torch.where(half_kept() > 0, 0.5, 1.0)
    found = reconstruction_error([painted], black, half_kept(), PLAIN)
    assert found.item() == pytest.approx(1.0**2 + 0.01 * 0.5**2)


def test_the_squared_error_is_clipped_at_two_and_averaged_over_heads():
    black = torch.zeros(1, 3, 4, 4)
    far, near = torch.full((1, 1, 4, 4), 7.0), torch.full((1, 1, 4, 4), 1.0)
    found = reconstruction_error([far, near], black, half_kept(), PLAIN)
    assert found.item() == pytest.approx(1.01 * (2 + 1) / 2)


def test_weights_between_0_and_1_share_a_pixel():
    black = torch.zeros(1, 3, 1, 2)
    painted = torch.tensor([[[[1.0, 0.5]]]])
    kept = torch.tensor([[[[0.75, 0.5]]]])
    found = reconstruction_error([painted], black, kept, PLAIN)
    erased = (0.25 * 1 + 0.5 * 0.25) / 0.75
    rest = (0.75 * 1 + 0.5 * 0.25) / 1.25
    assert found.item() == pytest.approx(erased + 0.01 * rest)


def test_the_target_is_in_the_units_that_the_network_sees():
    """Its grey is the mean of the three channels, which ImageNet scales apart."""
    prepare = Prepare(size=32)
    grey = torch.full((1, 1, 4, 4), 0.3)
    mean, std = torch.tensor(prepare.mean), torch.tensor(prepare.std)
    pixels = (grey - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    target = sum((0.3 - m) / s for m, s in zip(prepare.mean, prepare.std, strict=True))
    painted = torch.full((1, 1, 4, 4), target / 3)
    found = reconstruction_error([painted], pixels, half_kept(), prepare)
    assert found.item() == pytest.approx(0, abs=1e-9)


def test_cross_entropy_reads_logits_of_the_grey():
    prepare = Prepare(size=32)
    pixels = torch.full((1, 3, 4, 4), (0.25 - prepare.mean[0]) / prepare.std[0])
    logit = math.log(0.25 / 0.75)
    painted = torch.full((1, 1, 4, 4), logit)
    found = reconstruction_error(
        [painted], pixels, half_kept(), prepare, "cross-entropy"
    )
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert found.item() == pytest.approx(1.01 * entropy, rel=1e-5)


@pytest.mark.parametrize("masks", ["coach", "random"])
def test_the_network_is_shown_zero_where_a_quarter_is_erased(masks, inpainter, coach):
    seen = []

    def repaint(x):
        seen.append(x)
        return inpainter(x)

    chooser = coach if masks == "coach" else None
    if chooser is not None:
        # So that scores lie apart and weights are next to 0 or 1.
        with torch.no_grad():
            coach.score.weight.mul_(1e4)
    pixels = 1 + noise().abs()
    loss = inpainting_loss(inpainter, chooser, settings(), PLAIN, repaint)
    assert loss(pixels, torch.zeros(0)).requires_grad
    shares = (seen[0] / pixels).mean((1, 2, 3))
    assert shares.tolist() == pytest.approx([0.75, 0.75], abs=0.04)
    cells = (seen[0] / pixels)[:, :, ::16, ::16].repeat_interleave(16, 2)
    torch.testing.assert_close(cells.repeat_interleave(16, 3), seen[0] / pixels)


def test_random_masks_differ_between_slices_and_follow_the_seed(inpainter):
    seen = []

    def repaint(x):
        seen.append(x)
        return inpainter(x)

    ones = torch.ones(2, 3, 64, 64)
    loss = inpainting_loss(inpainter, None, settings(keep=0.5), PLAIN, repaint)
    for _ in range(2):
        torch.manual_seed(4)
        loss(ones, torch.zeros(0))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0][0], seen[0][1])
    assert seen[0].mean().item() == 0.5


def test_the_coach_learns_nothing_from_the_networks_turn(inpainter, coach):
    loss = inpainting_loss(inpainter, coach, settings(), PLAIN)
    before = {key: value.clone() for key, value in coach.state_dict().items()}
    loss(noise(), torch.zeros(0)).backward()
    assert all(each.grad is None for each in coach.parameters())
    assert all(torch.equal(before[k], v) for k, v in coach.state_dict().items())
    assert all(each.grad is not None for each in inpainter.parameters())


def test_the_network_learns_nothing_from_the_coachs_turn(inpainter, coach):
    """Not even running statistics, which are handed on."""
    inpainter.network.decoder.head.requires_grad_(requires_grad=False)
    before = {key: value.clone() for key, value in inpainter.state_dict().items()}
    coach_loss(coach, inpainter, settings(), PLAIN)(noise(), torch.zeros(0)).backward()
    assert all(each.grad is None for each in inpainter.parameters())
    assert all(torch.equal(before[k], v) for k, v in inpainter.state_dict().items())
    assert all(each.grad is not None for each in coach.parameters())
    resting = [k for k, v in inpainter.named_parameters() if not v.requires_grad]
    assert [key.rpartition(".")[0] for key in resting] == ["network.decoder.head"] * 2


def test_the_coach_wants_a_large_error_and_pays_for_divergence(inpainter, coach):
    """A network that paints 1 on black: erased and kept pixels err by 1 each."""

    class Painter(nn.Module):
        def forward(self, x):
            return (torch.ones_like(x[:, :1]),)

    def score(x):
        return CoachOutput(torch.zeros(2, 1, 4, 4), torch.tensor(5e4))

    loss = coach_loss(coach, Painter(), settings(), PLAIN, score)
    found = loss(torch.zeros(2, 3, 64, 64), torch.zeros(0))
    assert found.item() == pytest.approx(1 - 1.01 + 1e-6 * 5e4)


def test_the_coach_learns_to_erase_what_the_network_gets_wrong(coach):
    """Noise fills the left half, which a network that paints 0 cannot repaint."""

    class Painter(nn.Module):
        def forward(self, x):
            return (torch.zeros_like(x[:, :1]),)

    pixels = noise()
    pixels[:, :, :, 32:] = 0
    adam = torch.optim.Adam(coach.parameters(), 1e-2)
    loss = coach_loss(coach, Painter(), settings(keep=0.5), PLAIN)
    for _ in range(25):
        adam.zero_grad()
        loss(pixels, torch.zeros(0)).backward()
        adam.step()
    scores = coach(pixels).scores
    assert scores[..., :2].mean() < scores[..., 2:].mean()


def test_turns_are_told_from_the_slices_that_were_turned(tiny):
    class Knowing(nn.Module):
        """Finds the bright corner: a quarter turn anticlockwise moves it on."""

        def forward(self, x):
            corners = x[:, 0, (0, -1, -1, 0), (0, 0, -1, -1)]
            return 100 * corners

    teller = TurnTeller(InfNet(**tiny))
    pixels = torch.zeros(8, 3, 64, 64)
    pixels[:, :, 0, 0] = 1
    loss = rotation_loss(teller, Knowing())
    assert loss(pixels, torch.zeros(0)).item() == pytest.approx(0, abs=1e-6)


def test_the_share_of_turns_told_right_is_over_all_four():
    class Upright(nn.Module):
        """Always says that nothing was turned."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return torch.tensor([[1.0, 0, 0, 0]]).expand(len(x), 4)

    data = TrainingSlices(
        torch.zeros(20, 1, 64, 64).half(),
        torch.zeros(20, 64, 64, dtype=torch.uint8),
        torch.ones(20),
    )
    assert turn_accuracy(Upright(), data, PLAIN) == 0.25
