from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.learn.compare import CaseScore, Comparison, compare_models
from covseg_core.metrics.intervals import compare_paired
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of
from covseg_core.volume import CTVolume, Grid, LesionMask


def comparison(before, after):
    score = CaseScore("a", "p-0", before, after, 1.0, None, 2.0)
    return Comparison((score,), compare_paired([before], [after]))


def test_held_out_cases_are_predicted_as_a_user_would(store, plan):
    """The baseline without a network finds the blocks in the phantom's own HU."""
    from covseg_core.inference.config import PredictSettings
    from covseg_core.inference.predict import predict_ct
    from covseg_core.metrics import dice

    cases = plan("first").manifest.of_split("held-out")
    model = load_model(find_model("hu-threshold"))
    result = result_of(compare_models(store, cases, model, model, "cpu"))
    name = cases[0].case_id
    predicted = result_of(
        predict_ct(store.ct(name), model, PredictSettings(), lungs=store.lungs(name))
    )
    truth = store.mask(name)
    expected = dice(predicted.lesions.labels > 0, truth.labels > 0)
    assert expected > 0.1
    score = result.cases[0]
    assert (score.before, score.after) == (expected, expected)
    assert score.true_ml == pytest.approx(sum(truth.volumes_ml.values()), abs=1e-3)
    found = sum(predicted.lesions.volumes_ml.values())
    assert score.after_ml == pytest.approx(found, abs=1e-3)
    assert not result.is_worse


def test_a_picture_has_a_dice_but_no_volume(store, plan):
    grid = Grid.from_spacing((1, 64, 64), (1.0, 1.0, 1.0))
    ct = CTVolume(np.full((1, 64, 64), 20, np.float32), grid, is_hu=False)
    store.add_case(ct, case_id="picture", split="held-out")
    mask = LesionMask(np.zeros((1, 64, 64), np.uint8), grid)
    store.add_mask("picture", mask, source="manual")
    store.set_state("picture", "done")
    cases = [c for c in plan("first").manifest.cases if c.case_id == "picture"]
    model = load_model(find_model("infnet-small"))
    result = result_of(compare_models(store, cases, None, model, "cpu"))
    assert result.cases[0].after_ml is None
    assert result.cases[0].after in (0.0, 1.0)


def test_in_a_scan_without_lungs_nothing_is_found(store, plan, blocks):
    air = replace(blocks.ct, hu=np.full_like(blocks.ct.hu, -1000))
    store.add_case(air, case_id="air", split="held-out")
    store.add_mask("air", blocks.lesions, source="manual")
    store.set_state("air", "done")
    cases = plan("first").manifest.of_split("held-out")
    model = load_model(find_model("infnet-small"))
    result = result_of(compare_models(store, cases, model, model, "cpu"))
    assert [case.case_id for case in result.cases] == ["air", "held-out-3"]
    assert (result.cases[0].after, result.cases[0].after_ml) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [(0.5, 0.4, True), (0.5, 0.5, False), (0.4, 0.5, False)],
)
def test_a_lower_mean_is_worse(before, after, worse):
    assert comparison(before, after).is_worse is worse


def test_what_is_not_known_is_null_in_json():
    document = comparison(float("nan"), 0.5).as_dict()
    json.dumps(document, allow_nan=False)
    assert document["cases"][0]["before"] is None
    assert document["dice"]["difference"] is None
