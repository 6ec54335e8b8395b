from __future__ import annotations

import numpy as np
import pytest
from curve import HALF, THRESHOLDS, best_threshold, dice_curve

from covseg_core.metrics import dice


def test_dice_falls_and_rises_where_probabilities_lie():
    probability = np.array([0.2, 0.4, 0.6, 0.8])
    truth = np.array([False, False, True, True])
    curve = dice_curve(probability, truth)
    # All four found, 2 * 2 / (4 + 2); then three, then two, then one, then none.
    steps = {0.1: 2 / 3, 0.3: 4 / 5, 0.5: 1.0, 0.7: 2 / 3, 0.9: 0.0}
    for threshold, expected in steps.items():
        assert curve[round(100 * threshold)] == pytest.approx(expected)


def test_a_voxel_at_the_threshold_is_not_outlined_as_in_a_prediction():
    probability = np.array([0.3], np.float32)
    curve = dice_curve(probability, np.array([True]))
    assert (curve[29], curve[30]) == (1.0, 0.0)


def test_the_curve_is_what_dice_says_at_each_threshold():
    rng = np.random.default_rng(0)
    probability = rng.random((4, 20, 20), np.float32)
    truth = rng.random((4, 20, 20)) > 0.7
    curve = dice_curve(probability, truth)
    for index in (0, 13, HALF, 99, 100):
        threshold = np.float32(THRESHOLDS[index])
        assert curve[index] == pytest.approx(dice(probability > threshold, truth))


def test_two_empty_masks_agree():
    assert dice_curve(np.zeros(3), np.zeros(3, bool)) == pytest.approx(1)


def test_shapes_must_be_one():
    with pytest.raises(ValueError, match=r"one shape, got \(3,\) and \(4,\)"):
        dice_curve(np.zeros(3), np.zeros(4, bool))


def flat(**bumps):
    curve = np.full(101, 0.5)
    for index, value in bumps.items():
        curve[int(index[1:])] = value
    return curve


def test_the_threshold_is_best_for_the_mean_of_the_sources():
    # 40 is best for the first source alone, 60 for both together.
    assert best_threshold([flat(_40=0.9, _60=0.8), flat(_40=0.3, _60=0.6)]) == 0.6


def test_of_thresholds_about_as_good_the_one_next_to_a_half_is_taken():
    assert best_threshold([flat()]) == 0.5
    assert best_threshold([flat(_20=0.7, _45=0.7, _56=0.7)]) == 0.45
    assert best_threshold([flat(_20=0.7, _45=0.699, _56=0.7)]) == 0.45
    assert best_threshold([flat(_20=0.7, _45=0.697, _56=0.7)]) == 0.56


def test_thresholds_that_ask_nothing_are_not_taken():
    assert best_threshold([flat(_0=1.0, _100=1.0, _99=0.6)]) == 0.99


def test_there_must_be_a_curve():
    with pytest.raises(ValueError, match="at least one curve"):
        best_threshold([])
