from __future__ import annotations

import pytest
import torch

from covseg_core.labels import INFECTION, LESIONS
from covseg_core.training.data import TrainingSlices
from covseg_core.training.validate import validation_score
from covseg_core.transforms.prepare import Prepare

PREPARE = Prepare(size=32, mean=(0, 0, 0), std=(1, 1, 1))


class Reads(torch.nn.Module):
    """Calls grey above 0.5 the first class and, if it has two, above 0.8 the second."""

    def __init__(self, label_set):
        super().__init__()
        self.label_set = label_set
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def predict_probabilities(self, x):
        grey = x[:, :1]
        if self.label_set is INFECTION:
            return (grey > 0.5).float()
        return torch.cat([(grey > 0.5) & (grey <= 0.8), grey > 0.8], dim=1).float()


def slices(labels, grey):
    labels = torch.tensor(labels, dtype=torch.uint8).view(1, 2, 4)
    pixels = torch.tensor(grey).view(1, 1, 2, 4).half()
    return TrainingSlices(pixels, labels, torch.ones(1))


def test_a_single_label_network_has_the_dice_of_infection():
    data = slices([1, 1, 2, 255, 0, 0, 0, 0], [0.9, 0.9, 0.9, 0, 0.9, 0, 0, 0])
    # 3 of 4 found, one made up: 2·3 / (4 + 4).
    assert validation_score(Reads(INFECTION), data, PREPARE) == pytest.approx(0.75)


def test_classes_count_as_much_as_infection_and_unknown_ones_not_at_all():
    data = slices([1, 1, 2, 255, 0, 0, 0, 0], [0.6, 0.9, 0.9, 0.9, 0, 0, 0, 0])
    infection, opacity, consolidation = 1.0, 2 / 3, 2 / 3
    expected = (infection + opacity + consolidation) / 3
    assert validation_score(Reads(LESIONS), data, PREPARE) == pytest.approx(expected)


def test_a_class_that_nobody_has_is_left_out():
    data = slices([1, 1, 0, 0, 0, 0, 0, 0], [0.6, 0.6, 0, 0, 0, 0, 0, 0])
    assert validation_score(Reads(LESIONS), data, PREPARE) == 1.0


def test_nothing_found_where_nothing_is_scores_one():
    data = slices([0] * 8, [0.0] * 8)
    assert validation_score(Reads(INFECTION), data, PREPARE) == 1.0
