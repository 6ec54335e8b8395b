from __future__ import annotations

import math

import pytest
import torch

from covseg_core.models.latents import Gaussian, LatentChain, divergence, product

BACKBONE = "test_efficientnet.r160_in1k"


def gaussian(mean, variance):
    return Gaussian(torch.tensor([mean]), torch.tensor([math.log(variance)]))


def test_a_product_weighs_means_by_precision():
    mean, log_variance = product(gaussian(1.0, 0.5), gaussian(4.0, 1.0))
    # Precisions 2 and 1: (2 * 1 + 1 * 4) / 3, variance 1 / 3.
    assert mean.item() == pytest.approx(2.0)
    assert log_variance.exp().item() == pytest.approx(1 / 3)


def test_divergence_is_zero_of_itself_and_as_computed_by_torch_of_another():
    one, other = gaussian(1.0, 0.5), gaussian(-0.5, 2.0)
    normal = torch.distributions.Normal
    known = torch.distributions.kl_divergence(
        normal(1.0, 0.5**0.5), normal(-0.5, 2.0**0.5)
    )
    assert divergence(one, one).item() == pytest.approx(0.0, abs=1e-6)
    assert divergence(one, other).item() == pytest.approx(known.item(), rel=1e-5)


@pytest.fixture(scope="module")
def chain():
    torch.manual_seed(0)
    return LatentChain(BACKBONE, (4, 4, 6, 6, 8), 2).eval()


def test_latents_have_the_five_scales_of_the_slice(chain):
    latents = chain(torch.rand(3, 1, 64, 96), sample=False)
    shapes = [tuple(level.shape) for level in latents.levels]
    assert shapes == [(3, 2, 64 // k, 96 // k) for k in (2, 4, 8, 16, 32)]
    assert latents.divergence.shape == (3,)
    assert (latents.divergence > 0).all()


def test_draws_differ_and_means_do_not(chain):
    x = torch.rand(1, 1, 64, 64)
    drawn = [chain(x, sample=True).levels[0] for _ in range(2)]
    still = [chain(x, sample=False).levels[0] for _ in range(2)]
    assert not torch.equal(*drawn)
    assert torch.equal(*still)


def test_what_is_seen_moves_every_level(chain):
    one, other = (chain(torch.rand(1, 1, 64, 64), sample=False) for _ in range(2))
    for pair in zip(one.levels, other.levels, strict=True):
        assert not torch.equal(*pair)
