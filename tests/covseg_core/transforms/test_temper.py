from __future__ import annotations

import pytest
import torch

from covseg_core.transforms.temper import temper


def test_one_class_is_the_sigmoid_of_the_cooled_logit():
    logits = torch.linspace(-8, 8, 33).view(1, 1, 3, 11)
    tempered = temper(logits.sigmoid(), 2.5)
    torch.testing.assert_close(tempered, (logits / 2.5).sigmoid(), rtol=1e-4, atol=0)


def test_two_classes_keep_their_shares_of_a_cooled_sum():
    logits = torch.randn(2, 1, 4, 5, generator=torch.Generator().manual_seed(1)) * 3
    shares = torch.tensor([0.25, 0.75]).view(1, 2, 1, 1)
    tempered = temper(logits.sigmoid() * shares, 1.7)
    expected = (logits / 1.7).sigmoid() * shares
    torch.testing.assert_close(tempered, expected, rtol=1e-4, atol=1e-6)


def test_a_temperature_below_1_makes_it_surer():
    # 0.8 to 0.2 is 4 to 1, and squared it is 16 to 1.
    tempered = temper(torch.full((1, 1, 1, 1), 0.8), 0.5)
    assert tempered.item() == pytest.approx(16 / 17)


def test_a_temperature_of_1_changes_no_bit():
    p = torch.rand(1, 2, 8, 8) / 2
    assert torch.equal(temper(p, 1.0), p)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 3.0, 20.0])
@pytest.mark.parametrize("classes", [1, 2])
def test_what_is_certain_stays_so(classes, temperature):
    p = torch.zeros(1, classes, 1, 2)
    p[0, 0, 0, 1] = 1
    assert torch.equal(temper(p, temperature), p)


@pytest.mark.parametrize("temperature", [0.05, 20.0])
def test_no_temperature_leads_out_of_0_to_1(temperature):
    steps = torch.linspace(0, 1, 101)
    # Rounding makes some sums of both classes just above 1.
    p = torch.stack((steps, 1 - steps + 1e-6)).view(1, 2, 1, 101)
    tempered = temper(p, temperature)
    assert tempered.isfinite().all()
    assert tempered.min() >= 0
    assert tempered.sum(dim=1).max() <= 1 + 1e-6


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="it must be above 0"):
        temper(torch.zeros(1, 1, 1, 1), temperature)
