from __future__ import annotations

import numpy as np
import pytest
import torch

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.engines import TorchEngine
from covseg_core.inference.outliners import HuThreshold, NetworkOutliner
from covseg_core.metrics import dice
from covseg_core.transforms.prepare import Prepare

pytestmark = pytest.mark.usefixtures("one_thread")

TORCH = PredictSettings(device="cpu", engine="torch", batch_size=3)
PLAIN = Prepare(size=64, mean=(0, 0, 0), std=(1, 1, 1))


def outline(network):
    return NetworkOutliner(network, PLAIN, TORCH, is_hu=True)


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
