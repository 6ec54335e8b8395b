from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.config import RunSettings
from covseg_core.inference.lungs import lungs_of, outline_lungs
from covseg_core.labels import LUNGS, Lung
from covseg_core.metrics import dice
from covseg_core.models.network import SegmentationNetwork
from covseg_core.registry import store
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import LoadedModel, load_model
from covseg_core.steps import result_of
from covseg_core.transforms.lungs import find_lungs
from covseg_core.transforms.prepare import Prepare

SETTINGS = RunSettings(device="cpu", engine="torch", batch_size=3)


class DarkHalves(SegmentationNetwork):
    """Calls what is darker than water and brighter than air a lung, by its half."""

    label_set = LUNGS

    def __init__(self, middle):
        super().__init__()
        self.middle = middle
        self.unused = nn.Conv2d(3, 1, 1)

    def forward(self, x):
        dark = ((x[:, :1] > 0.26) & (x[:, :1] < 0.6)).float()
        at_left = torch.arange(x.shape[-1]) < self.middle * x.shape[-1]
        return torch.cat((dark * at_left, dark * ~at_left), dim=1)

    def probabilities(self, output):
        return output


def model(middle=0.5):
    card = ModelCard(
        name="dark-halves",
        summary="",
        architecture="unet",
        label_set="lungs",
        prepare=Prepare(
            size=64, crop="none", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
        ),
    )
    return LoadedModel(card, DarkHalves(middle).eval())


def lungs_in(ct, made=None):
    return result_of(outline_lungs(ct, made or model(), SETTINGS))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, True, True)])
def test_each_lung_lies_on_the_side_of_the_patient(blocks, stored, order, flips):
    ct = stored(blocks.ct, order, flips)
    found = lungs_in(ct)
    truth = stored(blocks.lungs, order, flips)
    assert found.grid.matches(ct.grid)
    for side in Lung.RIGHT, Lung.LEFT:
        assert dice(found.labels == side, truth.labels == side) > 0.8


def test_every_batch_is_told_and_which_model_found_the_lungs(blocks):
    steps = outline_lungs(blocks.ct, model(), SETTINGS)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            lungs = end.value
            break
    slices = blocks.ct.hu.shape[0]
    assert [step.done for step in told] == [0, *range(3, slices, 3), slices]
    assert (lungs.source.outlined_by, lungs.source.notes) == ("dark-halves", ())


def test_where_the_network_sees_no_lung_the_density_of_air_decides(blocks):
    bright = replace(blocks.ct, hu=blocks.ct.hu)
    blind = model()
    blind.network.forward = lambda x: torch.zeros(len(x), 2, *x.shape[-2:])
    found = lungs_in(bright, blind)
    np.testing.assert_array_equal(found.labels, find_lungs(blocks.ct).labels)
    assert found.source.outlined_by == "hu-threshold"
    assert found.source.notes == (
        "dark-halves found no lungs, so they were found by threshold.",
    )


def test_a_body_without_lungs_is_refused(blocks):
    solid = replace(blocks.ct, hu=np.full_like(blocks.ct.hu, 40))
    with pytest.raises(InputRefusedError, match="no lungs were found"):
        lungs_in(solid)


def test_a_voxel_that_is_not_finite_is_refused(blocks):
    hu = blocks.ct.hu.copy()
    hu[0, 0, 0] = np.nan
    with pytest.raises(InputRefusedError, match="not finite"):
        lungs_in(replace(blocks.ct, hu=hu))


def test_a_model_of_something_else_is_refused(blocks):
    infection = load_model(find_model("infnet-small"))
    with pytest.raises(ModelRefusedError, match="outlines infection, not the lungs"):
        lungs_in(blocks.ct, infection)


def test_a_model_without_a_network_goes_by_the_density_of_air(blocks):
    found = lungs_in(blocks.ct, load_model(find_model("hu-threshold")))
    np.testing.assert_array_equal(found.labels, find_lungs(blocks.ct).labels)


def test_where_nobody_says_how_both_lungs_of_a_chest_are_found(
    chest, usual_lungs, monkeypatch
):
    monkeypatch.setattr(store, "LUNGS_MODEL", usual_lungs)
    found = result_of(lungs_of(chest.ct, SETTINGS))
    assert found.source.outlined_by == "lungs-small"
    for side in Lung.RIGHT, Lung.LEFT:
        assert dice(found.labels == side, chest.lungs.labels == side) > 0.95
