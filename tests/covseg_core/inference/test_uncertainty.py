from __future__ import annotations

import json

import numpy as np
import pytest

from covseg_core.inference.config import UncertaintySettings
from covseg_core.inference.uncertainty import (
    Uncertainty,
    entropy_of,
    is_suspect,
    score_case,
    score_slices,
)


def maps(*values):
    """One pixel with these probabilities, (C, 1, 1)."""
    return np.array(values, np.float32)[:, None, None]


@pytest.mark.parametrize(
    ("probabilities", "entropy"),
    [
        ((0.0,), 0),
        ((1.0,), 0),
        ((0.5,), 1),
        ((0.25,), 0.811278),
        ((0.0, 1.0), 0),
        ((1 / 3, 1 / 3), 1),
        ((0.5, 0.5), 0.630930),
        ((0.5, 0.0), 0.630930),
    ],
)
def test_entropy_is_0_when_sure_and_1_when_all_classes_are_alike(
    probabilities, entropy
):
    found = entropy_of(maps(*probabilities))
    assert found.dtype == np.float32
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(entropy, abs=1e-5)


def test_probabilities_that_rounding_pushed_beyond_1_are_still_sure():
    assert entropy_of(maps(0.5, 0.500001))[0, 0] == pytest.approx(0.63093, abs=1e-4)


def test_a_slice_is_scored_over_its_region_and_not_without_one():
    entropy = np.zeros((3, 2, 4), np.float32)
    region = np.zeros(entropy.shape, bool)
    entropy[0, 0], region[0, :, :2] = 0.8, True
    entropy[1] = 1
    region[2] = True
    assert score_slices(entropy, region) == (pytest.approx(0.4), None, 0)


def test_pixels_are_suspect_above_five_percent_of_all_classes_together():
    values = np.array([[0.03, 0.03, 0.04], [0.01, 0.03, 0.0]], np.float32)[:, None]
    np.testing.assert_array_equal(is_suspect(values), [[False, True, False]])


@pytest.mark.parametrize(
    ("slices", "score"),
    [
        ((), None),
        ((None, None), None),
        ((0.3,), 0.3),
        ((None, 0.1, 0.5, 0.2), 0.5),
        ((0.1, 0.9, 0.7, *[0.0] * 7, None), 0.8),
        (tuple([0.2] * 40), 0.2),
    ],
)
def test_a_case_scores_as_the_most_uncertain_fifth_of_its_slices(slices, score):
    assert score_case(slices) == (score if score is None else pytest.approx(score))


def test_the_figures_fit_into_json():
    settings = UncertaintySettings(way="augment", predictions=3, seed=7)
    found = Uncertainty(np.zeros((2, 1, 1), np.float32), settings, (None, 1 / 3))
    assert json.loads(json.dumps(found.as_dict())) == {
        "way": "augment",
        "predictions": 3,
        "seed": 7,
        "case": 0.33333,
        "slices": [None, 0.33333],
    }
