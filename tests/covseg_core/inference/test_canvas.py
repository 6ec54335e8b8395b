from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.inference.canvas import DoubtCanvas
from covseg_core.inference.config import PredictSettings, UncertaintySettings
from covseg_core.inference.predict import predict_ct

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = PredictSettings(device="cpu", engine="torch")
ASKED = UncertaintySettings(predictions=3)


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def predict(ct, model, lungs, asked=ASKED):
    return finish(predict_ct(ct, model, CPU, lungs=lungs, uncertainty=asked))


@pytest.mark.parametrize(
    ("order", "flips"),
    [
        ((0, 1, 2), (True, False, True)),
        ((2, 0, 1), (False, True, False)),
        ((1, 2, 0), (True, True, True)),
    ],
)
def test_the_map_lies_on_the_grid_of_the_scan_whatever_its_order(
    order, flips, blocks, stored, model
):
    expected = predict(blocks.ct, model(), blocks.lungs)
    ct, lungs = (stored(each, order, flips) for each in (blocks.ct, blocks.lungs))
    found = predict(ct, model(), lungs)
    truth = replace(expected.lesions, labels=expected.uncertainty.entropy)
    np.testing.assert_array_equal(
        found.uncertainty.entropy, stored(truth, order, flips).labels
    )
    assert found.uncertainty.slices == expected.uncertainty.slices


def test_the_mask_is_the_same_with_and_without(blocks, model):
    sure, unsure = (predict(blocks.ct, model(), blocks.lungs, a) for a in (None, ASKED))
    assert sure.uncertainty is None
    np.testing.assert_array_equal(sure.lesions.labels, unsure.lesions.labels)


def test_the_map_is_zero_outside_the_box_and_slices_without_lung_have_no_score(
    blocks, model
):
    found = predict(blocks.ct, model(), blocks.lungs).uncertainty
    assert found.entropy.dtype == np.float32
    assert found.entropy[8].max() > 0.5
    assert not found.entropy[:5].any()
    assert not found.entropy[:, :, 95:].any()
    has_lung = blocks.lungs.labels.any(axis=(1, 2))
    assert [score is not None for score in found.slices] == has_lung.tolist()
    scores = sorted(score for score in found.slices if score is not None)
    assert found.case == pytest.approx(np.mean(scores[-2:]))


def test_without_lungs_suspect_pixels_are_scored(blocks):
    class Certain:
        settings = ASKED

        def mean(self, grey, answer):
            return answer

    grid = blocks.ct.grid
    canvas = DoubtCanvas.blank(grid, Certain())
    answer = np.zeros((1, 1, *grid.shape[1:]), np.float32)
    answer[0, 0, :2] = 0.5
    canvas.paint((slice(3, 4), slice(0, 48), slice(0, 112)), answer[0], answer)
    found = canvas.on(grid, None)
    assert found.slices[3] == pytest.approx(1)
    assert set(found.slices[:3] + found.slices[4:]) == {None}
