from __future__ import annotations

import pytest
import torch

from covseg_core.training.data import TrainingSlices, join, set_apart
from covseg_core.training.thick import thickened


def scan(greys, spacing_mm=5.0):
    """Slices of one grey each, which lie on each other."""
    grey = torch.tensor(greys).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    labels = torch.zeros(len(greys), 4, 4, dtype=torch.uint8)
    heights = torch.arange(len(greys), dtype=torch.float64) * spacing_mm
    return TrainingSlices(grey.half(), labels, torch.ones(len(greys)), heights)


def greys(data, chosen, chance=1.0):
    rng = torch.Generator().manual_seed(0)
    pixels = thickened(data, torch.tensor(chosen), chance, rng)
    return pixels[:, 0, 0, 0].tolist()


def test_thick_slice_shows_what_lies_below_and_above_it():
    data = scan([0.0, 0.0, 1.0, 0.0, 0.0])
    middle, beside = greys(data, [2] * 50), greys(data, [1] * 50)
    assert min(middle) < 0.6 < max(middle)
    assert 0.2 < max(beside) < 0.5
    assert min(middle) > max(beside)


def test_where_slices_lie_apart_less_of_them_is_mixed():
    near, far = (
        greys(scan([0.0, 1.0, 0.0], spacing_mm), [1] * 50) for spacing_mm in (3.0, 10.0)
    )
    assert sum(near) < sum(far) < 50


def test_a_slice_without_others_beside_it_stays():
    data = join([scan([0.25]), scan([0.5]), scan([0.75])])
    assert greys(data, [2, 0, 1]) == [0.75, 0.25, 0.5]


def test_scans_are_not_mixed():
    data = join([scan([0.0] * 3), scan([1.0] * 3)])
    assert greys(data, [0, 1, 2, 3, 4, 5]) == pytest.approx([0, 0, 0, 1, 1, 1])


def test_as_many_slices_are_thick_as_the_chance_says():
    data = scan([0.0, 1.0, 0.0], spacing_mm=1.0)
    assert greys(data, [1, 0], chance=0.0) == [1.0, 0.0]
    thick = [grey < 0.95 for grey in greys(data, [1] * 400, chance=0.3)]
    assert sum(thick) / 400 == pytest.approx(0.3, abs=0.06)


def test_scans_lie_a_metre_apart_wherever_they_begin():
    heights = set_apart([torch.tensor([-30.0, -20.0]), torch.tensor([5.0])])
    assert heights.tolist() == [1000, 1010, 2010]
