from __future__ import annotations

import torch
import torch.nn.functional as F

from covseg_core.transforms.fill_lungs import RIM, fill_lungs


def lungs(n=8, size=48):
    labels = torch.zeros(n, size, size, dtype=torch.int64)
    labels[:, 8:40, 4:20] = 1
    labels[:, 8:40, 28:44] = 2
    pixels = torch.where(labels > 0, 0.3, 0.8)[:, None]
    return pixels, labels


def near(labels):
    """Lungs and what is filled about them."""
    return F.max_pool2d((labels > 0)[:, None].float(), 2 * RIM + 1, 1, RIM) > 0


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_disease_is_put_into_the_lungs_and_hardly_beyond():
    pixels, labels = lungs(n=32)
    filled = fill_lungs(pixels, labels, 1.0, rng())
    assert torch.equal(filled[~near(labels)], pixels[~near(labels)])
    assert (filled >= pixels).all()
    brighter = (filled - pixels > 0.2).flatten(1).float().mean(dim=1)
    assert (brighter > 0.01).sum() >= 20


def test_some_lungs_become_as_dense_as_the_chest_wall():
    pixels, labels = lungs(n=32)
    filled = fill_lungs(pixels, labels, 1.0, rng(1))
    dense = ((filled > 0.74) & (labels > 0)[:, None]).flatten(1).any(dim=1)
    assert 6 < dense.sum() < 26


def test_disease_is_as_bright_as_the_wall_of_its_own_slice():
    pixels, labels = lungs(n=64)
    darker = torch.where((labels > 0)[:, None], 0.2, 0.65)
    dense = (fill_lungs(each, labels, 1.0, rng(1)) for each in (pixels, darker))
    bright, dim = (each[(labels > 0)[:, None]].quantile(0.95) for each in dense)
    assert 0.74 < bright < 0.9
    assert 0.58 < dim < 0.72


def test_the_rim_of_a_lung_does_not_tell_where_it_was():
    pixels, labels = lungs(n=64)
    rim = near(labels) & (labels == 0)[:, None]
    # Half air, as in a scan.
    filled = fill_lungs(pixels.masked_fill(rim, 0.5), labels, 1.0, rng(1))
    assert (filled[rim] > 0.72).float().mean() > 0.08


def test_without_a_chance_nothing_changes():
    pixels, labels = lungs()
    assert torch.equal(fill_lungs(pixels, labels, 0.0, rng()), pixels)


def test_a_seed_gives_the_same_disease_twice():
    pixels, labels = lungs()
    first, again = (fill_lungs(pixels, labels, 1.0, rng(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(fill_lungs(pixels, labels, 1.0, rng(6)), first)
