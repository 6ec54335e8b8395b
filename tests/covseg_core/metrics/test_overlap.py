from __future__ import annotations

import math

import numpy as np
import pytest

from covseg_core.metrics import dice
from covseg_core.metrics.overlap import (
    Counts,
    count_voxels,
    iou,
    mae,
    precision,
    sensitivity,
    specificity,
)


def test_dice_of_two_of_three_pixels_is_two_thirds():
    predicted = np.array([[1, 1, 1, 0]])
    truth = np.array([[0, 1, 1, 1]])
    assert dice(predicted, truth) == pytest.approx(2 * 2 / (3 + 3))


def test_dice_counts_every_label_as_the_mask():
    assert dice(np.array([1, 2, 0]), np.array([2, 1, 0])) == 1.0


def test_two_empty_masks_agree():
    assert dice(np.zeros((2, 3)), np.zeros((2, 3))) == 1.0


@pytest.mark.parametrize("swap", [False, True])
def test_an_empty_mask_and_a_full_one_share_nothing(swap):
    pair = (np.zeros(4), np.ones(4))
    assert dice(*(pair[::-1] if swap else pair)) == 0.0


def test_dice_does_not_overflow_small_integer_types():
    full = np.full((40, 40), 255, np.uint8)
    assert dice(full, full) == 1.0


def test_masks_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"one shape, got \(2, 3\) and \(3, 2\)"):
        dice(np.zeros((2, 3)), np.zeros((3, 2)))


def test_every_measure_of_three_predicted_and_four_true_pixels_is_known():
    predicted = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    truth = np.array([0, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    assert count_voxels(predicted, truth) == Counts(tp=2, fp=1, fn=2, tn=5)
    assert dice(predicted, truth) == pytest.approx(4 / 7)
    assert iou(predicted, truth) == pytest.approx(2 / 5)
    assert precision(predicted, truth) == pytest.approx(2 / 3)
    assert sensitivity(predicted, truth) == pytest.approx(2 / 4)
    assert specificity(predicted, truth) == pytest.approx(5 / 6)
    assert mae(predicted, truth) == pytest.approx(3 / 10)


def test_two_empty_masks_have_no_precision_and_no_sensitivity():
    nothing = np.zeros((3, 3))
    assert iou(nothing, nothing) == 1.0
    assert specificity(nothing, nothing) == 1.0
    assert math.isnan(precision(nothing, nothing))
    assert math.isnan(sensitivity(nothing, nothing))


def test_what_was_made_up_or_missed_whole_is_scored_where_it_is_defined():
    nothing, something = np.zeros(4), np.array([1, 0, 0, 0])
    assert precision(something, nothing) == 0.0
    assert math.isnan(sensitivity(something, nothing))
    assert sensitivity(nothing, something) == 0.0
    assert math.isnan(precision(nothing, something))
    assert iou(nothing, something) == iou(something, nothing) == 0.0


def test_specificity_needs_a_healthy_pixel():
    assert math.isnan(specificity(np.zeros(4), np.ones(4)))


def test_mae_weighs_how_sure_a_map_was():
    assert mae(np.array([0.9, 0.25]), np.array([2, 0])) == pytest.approx(0.175)
    assert math.isnan(mae(np.zeros(0), np.zeros(0)))


def test_mae_of_a_boolean_mask_is_the_share_of_wrong_pixels():
    assert mae(np.array([True, False]), np.array([False, False])) == 0.5
