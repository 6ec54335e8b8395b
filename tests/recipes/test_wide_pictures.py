from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import small_picture
from torch import nn
from wide_pictures import WidePictureLabeller, as_lung_window, hull_of_lungs

from covseg_core.labels import LESIONS, LUNGS
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.models.network import SegmentationNetwork
from covseg_core.registry.card import ModelCard
from covseg_core.registry.weights import LoadedModel
from covseg_core.steps import result_of
from covseg_core.transforms.prepare import Prepare


class Levels(SegmentationNetwork):
    """Calls grey between two levels the first class; no second one."""

    def __init__(self, label_set, low, high):
        super().__init__()
        self.label_set, self.low, self.high = label_set, low, high
        self.unused = nn.Conv2d(3, 1, 1)

    def forward(self, x):
        first = ((x[:, :1] * 255 > self.low) & (x[:, :1] * 255 < self.high)).float()
        return torch.cat((first, 0 * first), dim=1)

    def probabilities(self, output):
        return output


def model(label_set, low, high):
    card = ModelCard(
        name=f"{label_set.name}-by-level",
        summary="",
        architecture="unet",
        label_set=label_set.name,
        prepare=Prepare(
            size=64, crop="none", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
        ),
    )
    return LoadedModel(card, Levels(label_set, low, high).eval())


@pytest.fixture
def wide():
    """A dark lung with a lesion inside and one outside, in soft tissue of grey 110."""
    picture, _ = small_picture(0)
    grey = np.full((1, 64, 64), 110, np.float32)
    grey[:, 10:50, 10:50] = 14
    grey[:, 20:30, 20:30] = 60
    grey[:, 55:62, 55:62] = 60
    grid = replace(picture.grid, shape=grey.shape)
    return replace(picture, hu=grey, grid=grid)


def test_lung_and_soft_tissue_come_to_where_a_lung_window_has_them(wide):
    shown = as_lung_window(wide.hu)
    assert shown[0, 12, 12] == pytest.approx(60)
    assert shown[0, 0, 0] == pytest.approx(225)
    assert shown[0, 25, 25] == pytest.approx(60 + 165 * (60 - 14) / (110 - 14), abs=1)


def test_an_outline_is_kept_inside_the_lungs_alone(wide):
    labeller = WidePictureLabeller(
        model(LESIONS, 120, 180),
        PseudoSettings(device="cpu", engine="torch", smallest_ml=0.0),
        lungs=model(LUNGS, 40, 100),
    )
    found = result_of(labeller.outline(wide, None)).lesions.labels
    assert found[:, 22:28, 22:28].all()
    assert not found[:, 52:, 52:].any()


def test_lungs_without_a_network_are_refused(wide):
    labeller = WidePictureLabeller(
        model(LESIONS, 120, 180), PseudoSettings(device="cpu", engine="torch")
    )
    with pytest.raises(TypeError, match="need a network"):
        result_of(labeller.outline(wide, None))


def test_a_hull_spans_dense_disease_of_each_lung_and_no_stray_pixel():
    labels = np.zeros((1, 20, 30), np.uint8)
    labels[0, 2:18, 2:10] = 1
    labels[0, 8:12, 5:10] = 0
    labels[0, 2:18, 20:28] = 2
    labels[0, 10, 14] = 2
    hull = hull_of_lungs(labels)
    assert hull[0, 2:18, 2:10].all()
    assert not hull[0, :, 11:19].any()
    assert not hull_of_lungs(np.zeros_like(labels)).any()
