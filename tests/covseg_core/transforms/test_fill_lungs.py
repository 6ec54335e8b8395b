from __future__ import annotations

import torch

from covseg_core.transforms.fill_lungs import fill_lungs


def lungs(n=8, size=48):
    labels = torch.zeros(n, size, size, dtype=torch.int64)
    labels[:, 8:40, 4:20] = 1
    labels[:, 8:40, 28:44] = 2
    pixels = torch.where(labels > 0, 0.3, 0.8)[:, None]
    return pixels, labels


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_disease_is_put_into_the_lungs_and_nowhere_else():
    pixels, labels = lungs()
    filled = fill_lungs(pixels, labels, 1.0, rng())
    outside = labels[:, None] == 0
    assert torch.equal(filled[outside], pixels[outside])
    assert (filled >= pixels).all()
    brighter = (filled - pixels > 0.2).flatten(1).float().mean(dim=1)
    assert (brighter > 0.01).sum() >= 6


def test_some_lungs_become_as_dense_as_the_chest_wall():
    pixels, labels = lungs(n=32)
    filled = fill_lungs(pixels, labels, 1.0, rng(1))
    dense = ((filled > 0.8) & (labels > 0)[:, None]).flatten(1).any(dim=1)
    assert 8 < dense.sum() < 28


def test_without_a_chance_nothing_changes():
    pixels, labels = lungs()
    assert torch.equal(fill_lungs(pixels, labels, 0.0, rng()), pixels)


def test_a_seed_gives_the_same_disease_twice():
    pixels, labels = lungs()
    first, again = (fill_lungs(pixels, labels, 1.0, rng(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(fill_lungs(pixels, labels, 1.0, rng(6)), first)
