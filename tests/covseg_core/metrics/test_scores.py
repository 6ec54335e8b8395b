from __future__ import annotations

import math

import numpy as np
import pytest

from covseg_core.metrics.config import EvaluateSettings
from covseg_core.metrics.curves import stretch, threshold_curves
from covseg_core.metrics.overlap import dice, mae
from covseg_core.metrics.scores import MEASURES, counted_slices, score_case
from covseg_core.metrics.structure import e_measure, s_measure
from covseg_core.metrics.surface import hd95_mm, surface_dice

SPACING = (6.0, 1.0, 2.0)
INFNET = EvaluateSettings(protocol="infnet2020")


@pytest.fixture
def volumes():
    """Predicted and true labels in slices 1 and 2 of 4, one slice with both."""
    truth = np.zeros((4, 8, 10), np.uint8)
    truth[1, 2:5, 2:6], truth[1, 5:7, 2:6] = 1, 2
    predicted = np.zeros_like(truth)
    predicted[1, 2:6, 2:6], predicted[2, 0:2, 0:2] = 1, 2
    return predicted, truth


def test_a_volume_is_judged_whole_in_mm(volumes):
    predicted, truth = volumes
    scores = score_case(predicted, truth, SPACING)["infection"]
    assert scores["dice"] == dice(predicted, truth) == pytest.approx(32 / 40)
    assert scores["sensitivity"] == pytest.approx(16 / 20)
    assert scores["mae"] == pytest.approx(8 / 320)
    assert scores["hd95_mm"] == hd95_mm(predicted, truth, SPACING)
    assert scores["surface_dice"] == surface_dice(predicted, truth, SPACING)
    assert (scores["truth_voxels"], scores["predicted_voxels"]) == (20, 20)
    assert set(MEASURES["standard"]) < set(scores)


def test_pictures_of_a_volume_are_averaged_over_its_slices_with_infection(volumes):
    predicted, truth = (array > 0 for array in volumes)
    scores = score_case(*volumes)["infection"]
    for key, measure in (("s_measure", s_measure), ("e_measure", e_measure)):
        each = [measure(predicted[z], truth[z]) for z in (1, 2)]
        assert scores[key] == pytest.approx(sum(each) / 2)


def test_each_class_is_scored_against_its_own_label(volumes):
    predicted, truth = volumes
    scores = score_case(predicted, truth, None, (1, 2))
    assert list(scores) == ["infection", "ggo", "consolidation"]
    assert scores["ggo"]["dice"] == pytest.approx(2 * 12 / (16 + 12))
    assert scores["consolidation"]["dice"] == 0.0
    assert "hd95_mm" not in scores["ggo"]


def test_infection_of_unknown_class_counts_for_infection_only(volumes):
    predicted, truth = volumes
    truth[1, 4, :] = np.where(truth[1, 4, :] == 1, 255, truth[1, 4, :])
    scores = score_case(predicted, truth, SPACING, (1,))
    assert scores["infection"]["dice"] == pytest.approx(32 / 40)
    # Of 16 predicted and 12 true voxels the row of 4 left.
    assert scores["ggo"]["dice"] == pytest.approx(2 * 8 / (12 + 8))
    assert scores["ggo"]["mae"] == pytest.approx(4 / 316)
    for measure in ("hd95_mm", "surface_dice", "s_measure"):
        assert math.isnan(scores["ggo"][measure])
    assert not math.isnan(scores["ggo"]["e_measure"])
    assert not math.isnan(scores["infection"]["hd95_mm"])


@pytest.mark.parametrize("found", [0, 1])
def test_a_class_that_the_reader_left_open_is_not_scored(volumes, found):
    predicted, truth = volumes
    truth[truth > 0], predicted[predicted == 1] = 255, found
    scores = score_case(predicted, truth, SPACING, (1, 2))
    for measure in ("dice", "iou", "surface_dice", "hd95_mm"):
        assert math.isnan(scores["ggo"][measure])
    assert math.isnan(scores["consolidation"]["dice"])
    assert scores["consolidation"]["precision"] == 0.0
    assert not math.isnan(scores["infection"]["dice"])
    slices = score_case(predicted[1], truth[1], None, (1,), INFNET)
    assert math.isnan(slices["ggo"]["dice"])
    assert math.isnan(slices["ggo"]["sensitivity"])


def test_two_empty_volumes_agree_in_everything_that_is_defined():
    nothing = np.zeros((2, 5, 5), np.uint8)
    scores = score_case(nothing, nothing, SPACING)["infection"]
    assert scores["dice"] == scores["iou"] == scores["surface_dice"] == 1.0
    assert scores["s_measure"] == scores["specificity"] == 1.0
    assert scores["hd95_mm"] == scores["mae"] == 0.0
    assert math.isnan(scores["precision"])
    assert math.isnan(scores["sensitivity"])


def test_probabilities_are_cut_at_a_half_and_their_sum_is_infection():
    truth = np.array([[1, 2, 0, 0]], np.uint8)
    maps = np.array([[[0.4, 0.1, 0.3, 0.0]], [[0.3, 0.8, 0.1, 0.6]]], np.float32)
    scores = score_case(maps, truth, None, (1, 2))
    # Sums are 0.7, 0.9, 0.4, 0.6; the labels are 1, 2, 0, 2.
    assert scores["infection"]["dice"] == pytest.approx(2 * 2 / 5)
    assert scores["infection"]["mae"] == pytest.approx((0.3 + 0.1 + 0.4 + 0.6) / 4)
    assert scores["ggo"]["dice"] == 1.0
    assert scores["consolidation"]["dice"] == pytest.approx(2 / 3)
    assert scores["consolidation"]["mae"] == pytest.approx((0.3 + 0.2 + 0.1 + 0.6) / 4)


def test_probabilities_of_a_volume_have_their_classes_in_front(volumes):
    predicted, truth = volumes
    maps = np.stack([predicted == 1, predicted == 2]).astype(np.float32)
    assert score_case(maps, truth, None, (1, 2)) == score_case(
        predicted, truth, None, (1, 2)
    )


def test_infnet2020_averages_the_curves_of_the_stretched_map(soft):
    maps, truth = soft[0][None].astype(np.float32), soft[1].astype(np.uint8)
    scores = score_case(maps, truth, settings=INFNET)["infection"]
    grey = stretch(maps[0])
    assert scores["dice"] == threshold_curves(grey, truth).dice.mean()
    assert scores["e_measure"] == threshold_curves(grey, truth).e_measure.mean()
    assert scores["s_measure"] == s_measure(grey, truth)
    assert scores["mae"] == mae(grey, truth)
    assert set(scores) - set(MEASURES["infnet2020"]) == {
        "truth_voxels",
        "predicted_voxels",
    }


def test_infnet2020_scores_a_slice_without_a_hit_as_zero():
    nothing = np.zeros((4, 4), np.uint8)
    scores = score_case(nothing, nothing, settings=INFNET)["infection"]
    assert scores["dice"] == scores["sensitivity"] == scores["specificity"] == 0.0
    assert scores["e_measure"] == 0.0
    assert scores["s_measure"] == 1.0


def test_infnet2020_leaves_pixels_of_unknown_class_out(soft):
    maps = soft[0][None].astype(np.float32)
    truth = soft[1].astype(np.uint8)
    truth[:, :12][truth[:, :12] > 0] = 255
    scores = score_case(maps, truth, classes=(1,), settings=INFNET)["ggo"]
    known = truth != 255
    curves = threshold_curves(stretch(maps[0])[known], truth[known])
    assert scores["dice"] == curves.dice.mean()
    assert math.isnan(scores["s_measure"])


def test_counted_slices_hold_truth_or_any_prediction(volumes):
    predicted, truth = volumes
    assert counted_slices(truth) == [1]
    assert counted_slices(truth, predicted) == [1, 2]
    maps = np.full((2, *truth.shape), 0.2, np.float32)
    assert counted_slices(truth, predicted, maps) == [1, 2]
    maps[:, 0, 3, 3] = 0.3
    assert counted_slices(truth, maps) == [0, 1]


def test_what_cannot_be_scored_is_refused(volumes):
    predicted, truth = volumes
    with pytest.raises(ValueError, match="does not fit a mask of shape"):
        score_case(predicted[:, 1:], truth)
    with pytest.raises(ValueError, match="infnet2020 judges single slices"):
        score_case(predicted, truth, settings=INFNET)
    with pytest.raises(ValueError, match="class 2 has no channel"):
        score_case(np.zeros((1, *truth.shape)), truth, classes=(2,))
