from __future__ import annotations

import numpy as np
import pytest
import torch

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.engines import TorchEngine
from covseg_core.inference.outliners import HuThreshold, NetworkOutliner
from covseg_core.labels import INFECTION, LUNGS
from covseg_core.metrics import dice
from covseg_core.models.network import SegmentationNetwork
from covseg_core.registry.card import ModelCard
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")

TORCH = PredictSettings(device="cpu", engine="torch", batch_size=3)
PLAIN = Prepare(size=64, mean=(0, 0, 0), std=(1, 1, 1))


def outline(network, **change):
    card = ModelCard(
        name="mine",
        summary="A model.",
        architecture="mine",
        label_set=network.label_set.name,
        prepare=PLAIN,
        **change,
    )
    return NetworkOutliner(network, card, TORCH, is_hu=True)


class Edges(SegmentationNetwork):
    """Answers with how much brighter a pixel is than the one on its left."""

    label_set = INFECTION

    def forward(self, x):
        return torch.nn.functional.pad(x[:, :1].diff(dim=-1), (1, 0))

    def probabilities(self, output):
        return output.clamp(0, 1)


class Sides(SegmentationNetwork):
    """Calls what is bright right lung on the left half of a slice, else left lung."""

    label_set = LUNGS

    def forward(self, x):
        half = x.shape[-1] // 2
        right, left = x[:, :1].clone(), x[:, :1].clone()
        right[..., half:], left[..., :half] = 0, 0
        return torch.cat((right, left), dim=1)

    def probabilities(self, output):
        return output


def test_a_network_answers_on_the_pixels_of_the_slices(bright_network):
    hu = np.full((5, 50, 70), -1350, np.float32)
    hu[3, 10:30, 20:60] = 150
    answer = outline(bright_network)(hu)
    assert answer.shape == (5, 1, 50, 70)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer[3, 0, 14:26, 24:56], 1, atol=1e-5)
    np.testing.assert_allclose(answer[3, 0, :6], 0, atol=1e-5)
    np.testing.assert_allclose(answer[[0, 1, 2, 4]], 0, atol=1e-5)


def test_it_tells_what_it_runs_on_and_what_was_given_up(bright_network, monkeypatch):
    run = outline(bright_network)
    assert (run.device, run.engine, run.notes) == ("cpu", "torch", [])
    monkeypatch.setattr(TorchEngine, "__call__", lambda self, slices: _only_one(slices))
    run(np.zeros((3, 8, 8), np.float32))
    assert run.notes == ["memory ran out; went on with 1 at once"]


def test_mirrored_is_the_mean_of_both_answers():
    pixels = torch.zeros(2, 1, 64, 64)
    pixels[1, 0, 5, 20:30] = 0.8
    plain = outline(Edges()).answer(pixels)
    assert plain.nonzero().tolist() == [[1, 0, 5, 20]]
    mean = outline(Edges(), mirrored=True).answer(pixels)
    # The mirror image brightens at what was the last bright pixel.
    assert mean.nonzero().tolist() == [[1, 0, 5, 20], [1, 0, 5, 29]]
    assert mean[1, 0, 5, [20, 29]].tolist() == pytest.approx([0.4, 0.4])


def test_a_mirrored_right_lung_is_no_left_one():
    pixels = torch.zeros(1, 1, 64, 64)
    pixels[..., 5, 10:20] = 1
    plain = outline(Sides()).answer(pixels)
    assert plain[0, 0, 5, 10:20].tolist() == [1] * 10
    assert torch.equal(outline(Sides(), mirrored=True).answer(pixels), plain)


def test_answers_are_tempered_as_the_card_says(bright_network):
    pixels = torch.full((1, 1, 64, 64), 0.9)
    answer = outline(bright_network, temperature=2.0).answer(pixels)
    # Odds of 9 to 1 become 3 to 1.
    torch.testing.assert_close(answer, torch.full_like(answer, 0.75))


def test_the_mean_of_both_answers_is_tempered_and_not_each():
    pixels = torch.zeros(1, 1, 64, 64)
    pixels[0, 0, 5, 20:30] = 0.8
    answer = outline(Edges(), mirrored=True, temperature=2.0).answer(pixels)
    odds = (0.4 / 0.6) ** 0.5
    assert answer[0, 0, 5, [20, 29]].tolist() == pytest.approx([odds / (1 + odds)] * 2)


def test_the_answer_on_the_slices_is_the_tempered_one(bright_network):
    run = outline(bright_network, mirrored=True, temperature=2.0)
    hu = np.full((1, 40, 40), -1350 + 0.9 * 1500, np.float32)
    np.testing.assert_allclose(run(hu), 0.75, atol=1e-5)


def _only_one(slices):
    if len(slices) > 1:
        raise MemoryError
    return slices[:, :1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_answer_that_is_not_finite_is_refused_and_not_taken_for_healthy(
    bright_network, value
):
    torch.nn.init.constant_(bright_network.scale, value)
    bright_network.probabilities = lambda output: output
    hu = np.full((2, 40, 40), -600, np.float32)
    with pytest.raises(ModelRefusedError, match="not finite; its weights are damaged"):
        outline(bright_network)(hu)


def test_bands_of_hu_find_both_classes_inside_the_lungs(blocks):
    run = HuThreshold(blocks.ct.grid, is_hu=True)
    opacity, consolidation = run(blocks.ct.hu, blocks.lungs.labels).swapaxes(0, 1)
    assert dice(opacity, blocks.lesions.labels == 1) > 0.85
    assert dice(consolidation, blocks.lesions.labels == 2) > 0.85
    assert not opacity[blocks.lungs.labels == 0].any()
    assert not (opacity * consolidation).any()


def test_bands_of_hu_call_healthy_lungs_healthy(blocks):
    hu = np.where(blocks.lungs.labels > 0, -850, blocks.ct.hu).astype(np.float32)
    run = HuThreshold(blocks.ct.grid, is_hu=True)
    assert not run(hu, blocks.lungs.labels).any()


def test_bands_of_hu_find_nothing_without_lungs(blocks):
    answer = HuThreshold(blocks.ct.grid, is_hu=True)(blocks.ct.hu, None)
    assert answer.shape == (20, 2, 48, 112)
    assert not answer.any()


def test_bands_of_hu_need_hu(blocks):
    with pytest.raises(
        InputRefusedError, match="Hounsfield units, and this is an 8-bit"
    ):
        HuThreshold(blocks.ct.grid, is_hu=False)
