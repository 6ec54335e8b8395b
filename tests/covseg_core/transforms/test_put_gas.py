from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from covseg_core.transforms.put_gas import USUAL_AIR, WALL, put_gas

AIR, LUNG, TISSUE = 0.2, 0.3, 0.8


def chests(n=32, size=64, air=AIR):
    """Slices with a frame of air, a body, and two lungs in its upper half."""
    labels = torch.zeros(n, size, size, dtype=torch.int64)
    labels[:, 12:32, 10:28] = 1
    labels[:, 12:32, 36:54] = 2
    pixels = torch.full((n, 1, size, size), air)
    pixels[:, :, 6:58, 4:60] = TISSUE
    pixels[labels[:, None] > 0] = LUNG
    return pixels, labels


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_gas_lies_in_tissue_and_a_wall_is_left_around_it():
    pixels, labels = chests()
    put = put_gas(pixels, labels, 1.0, rng())
    changed = put != pixels
    assert changed.flatten(1).any(dim=1).sum() >= 20
    other = (pixels < TISSUE).float()
    # The soft edge of a bubble takes one pixel of the wall.
    near = F.max_pool2d(other, 2 * (WALL - 1) + 1, stride=1, padding=WALL - 1) > 0
    assert not (changed & near).any()


def test_gas_is_as_dark_as_the_air_of_its_own_slice():
    for air in (0.1, 0.3):
        pixels, labels = chests(air=air)
        put = put_gas(pixels, labels, 1.0, rng(1))
        # Half of it has no soft edge.
        dark = put[(put < 0.5) & (pixels == TISSUE)].quantile(0.25)
        assert dark == pytest.approx(air, abs=0.04)


def test_a_slice_that_shows_no_air_gets_gas_of_the_usual_grey():
    pixels = torch.full((32, 1, 64, 64), TISSUE)
    pixels[:, :, :, 0] = 0
    put = put_gas(pixels, torch.zeros(32, 64, 64, dtype=torch.int64), 1.0, rng())
    dark = put[(put < 0.5) & (pixels > 0)]
    assert dark.median() == pytest.approx(USUAL_AIR + 0.02, abs=0.05)


def test_as_many_slices_get_gas_as_their_chance_says():
    pixels, labels = chests(n=256)
    put = put_gas(pixels, labels, 0.3, rng())
    share = (put != pixels).flatten(1).any(dim=1).float().mean()
    # Of the chosen, one in eight draws no bubble.
    assert share == pytest.approx(0.3 * 7 / 8, abs=0.1)
    assert torch.equal(put_gas(pixels, labels, 0.0, rng()), pixels)


def test_a_slice_without_tissue_stays_as_it_is():
    pixels = torch.full((4, 1, 32, 32), 0.3)
    assert torch.equal(
        put_gas(pixels, torch.zeros(4, 32, 32).long(), 1.0, rng()), pixels
    )


def test_a_seed_gives_the_same_gas_twice():
    pixels, labels = chests()
    first, again = (put_gas(pixels, labels, 1.0, rng(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(put_gas(pixels, labels, 1.0, rng(6)), first)
