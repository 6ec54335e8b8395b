"""StichNet goes round the circle too, and takes scans that nobody outlined along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import predict_ct
from covseg_core.learn.config import NewModel
from covseg_core.learn.learn import learn
from covseg_core.learn.planning import make_plan
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of
from covseg_core.training.config import TrainSettings

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = {
    "backbone": "test_efficientnet.r160_in1k",
    "widths": (4, 4, 6, 6, 8),
    "decoder_width": 4,
}


@pytest.fixture
def plan(store, blocks):
    """A plan for a StichNet on a store with one scan more, which has no mask."""
    bare = replace(blocks.ct, hu=blocks.ct.hu + 90)
    store.add_case(bare, case_id="bare", split="train")
    settings = TrainSettings(epochs=1, batch_size=4, device="cpu")
    made = make_plan(store, "stitched", NewModel(arch="stichnet", size=64), settings)
    card = made.card.model_copy(update={"arguments": SMALL})
    return made.model_copy(update={"card": card})


def test_the_plan_tells_of_scans_without_masks(plan):
    assert [scan.case_id for scan in plan.manifest.unlabelled] == ["bare"]
    assert plan.card.data == ("3 cases of 3 patients, 1 of them without masks",)
    assert (plan.card.prepare.mean, plan.card.prepare.std) == ((0, 0, 0), (1, 1, 1))


def test_a_stichnet_is_trained_compared_and_predicts(store, plan, blocks):
    outcome = result_of(learn(store, plan))
    assert outcome.comparison is not None
    model = load_model(find_model("stitched"))
    bare = store.read("bare")
    assert bare.image_sha256 in model.card.training["cases"]
    settings = PredictSettings(device="cpu")
    found = result_of(predict_ct(blocks.ct, model, settings, lungs=blocks.lungs))
    assert found.lesions.labels.shape == blocks.ct.hu.shape
    assert set(np.unique(found.lesions.labels)) <= {0, 1, 2}


def test_other_networks_leave_scans_without_masks_alone(store, plan):
    settings = TrainSettings(epochs=1, device="cpu")
    other = make_plan(store, "other", NewModel(arch="unet", size=64), settings)
    assert other.manifest.unlabelled == ()
