from __future__ import annotations

import math

import numpy as np
import pytest

from covseg_core.metrics.overlap import dice, iou, mae, sensitivity, specificity
from covseg_core.metrics.structure import e_measure, s_measure


def slow_e_measure(predicted, truth):
    """Pixel by pixel from the paper's formulas."""
    height, width = truth.shape
    n = height * width
    pairs = [
        (float(predicted[y, x]), float(truth[y, x]))
        for y in range(height)
        for x in range(width)
    ]
    mean_p = sum(p for p, _ in pairs) / n
    mean_t = sum(t for _, t in pairs) / n
    total = 0.0
    for p, t in pairs:
        if mean_t == 0:
            total += 1 - p
        elif mean_t == 1:
            total += p
        else:
            a, b = p - mean_p, t - mean_t
            aligned = 2 * a * b / (a * a + b * b) if a or b else 0.0
            total += (1 + aligned) ** 2 / 4
    return total / (n - 1)


def slow_s_measure(grey, truth):
    """Loops from the paper's formulas: objects, then four regions."""
    height, width = truth.shape
    inside, outside = [], []
    row_sum = column_sum = 0
    for y in range(height):
        for x in range(width):
            if truth[y, x]:
                inside.append(grey[y, x])
                row_sum, column_sum = row_sum + y, column_sum + x
            else:
                outside.append(1 - grey[y, x])
    share = len(inside) / (height * width)
    objects = share * slow_object(inside) + (1 - share) * slow_object(outside)
    row = round(row_sum / len(inside)) + 1
    column = round(column_sum / len(inside)) + 1
    regions = 0.0
    for rows in (range(row), range(row, height)):
        for columns in (range(column), range(column, width)):
            pairs = [(grey[y, x], float(truth[y, x])) for y in rows for x in columns]
            if pairs:
                regions += len(pairs) / (height * width) * slow_similarity(pairs)
    return 0.5 * objects + 0.5 * regions


def slow_object(values):
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return 2 * mean / (mean**2 + 1 + math.sqrt(variance))


def slow_similarity(pairs):
    n = len(pairs)
    x, y = sum(p for p, _ in pairs) / n, sum(t for _, t in pairs) / n
    xx = sum((p - x) ** 2 for p, _ in pairs) / (n - 1)
    yy = sum((t - y) ** 2 for _, t in pairs) / (n - 1)
    xy = sum((p - x) * (t - y) for p, t in pairs) / (n - 1)
    if x * y * xy != 0:
        return 4 * x * y * xy / ((x * x + y * y) * (xx + yy))
    return 1.0 if (x * x + y * y) * (xx + yy) == 0 else 0.0


def test_the_golden_values_of_two_discs_are_met(discs):
    predicted, truth = discs
    measured = {
        measure: measure(predicted, truth)
        for measure in (dice, iou, sensitivity, specificity, mae, s_measure, e_measure)
    }
    golden = {
        dice: 0.745679,
        iou: 0.594488,
        sensitivity: 0.691076,
        specificity: 0.980596,
        mae: 0.050293,
        s_measure: 0.770324,
        e_measure: 0.946900,
    }
    assert measured == pytest.approx(golden, abs=5e-7)


def test_turning_both_pictures_changes_nothing(discs):
    predicted, truth = discs
    for measure in (s_measure, e_measure):
        assert measure(predicted.T, truth.T) == pytest.approx(measure(predicted, truth))


@pytest.mark.parametrize("seed", range(5))
def test_both_measures_agree_with_loops_over_single_pixels(seed):
    random = np.random.default_rng(seed)
    truth = random.random((9, 13)) < random.uniform(0.1, 0.9)
    grey = random.random((9, 13))
    assert s_measure(grey, truth) == pytest.approx(slow_s_measure(grey, truth))
    predicted = grey > 0.4
    assert e_measure(predicted, truth) == pytest.approx(
        slow_e_measure(predicted, truth)
    )
    assert s_measure(predicted, truth) == pytest.approx(
        slow_s_measure(predicted.astype(float), truth)
    )


def test_a_soft_map_agrees_with_loops(soft):
    assert s_measure(*soft) == pytest.approx(slow_s_measure(*soft))


def test_a_perfect_mask_scores_one_and_a_little_more_for_the_divisor(discs):
    _, truth = discs
    assert s_measure(truth, truth) == pytest.approx(1)
    assert e_measure(truth, truth) == pytest.approx(64 * 64 / (64 * 64 - 1))


@pytest.mark.parametrize("everything", [False, True])
def test_truth_nowhere_or_everywhere_scores_what_is_agreed(everything):
    truth = np.full((4, 5), everything)
    predicted = np.zeros((4, 5), bool)
    predicted[0] = True
    agreed = 5 if everything else 15
    assert s_measure(predicted, truth) == pytest.approx(agreed / 20)
    assert e_measure(predicted, truth) == pytest.approx(agreed / 19)
    assert e_measure(predicted, truth) == pytest.approx(
        slow_e_measure(predicted, truth)
    )


def test_predicting_nothing_aligns_with_nothing(discs):
    _, truth = discs
    nothing = np.zeros_like(truth)
    assert e_measure(nothing, truth) == pytest.approx(0.25 * 4096 / 4095)
    assert s_measure(nothing, truth) < 0.5


def test_truth_in_the_last_corner_leaves_regions_without_pixels():
    truth = np.zeros((5, 5), bool)
    truth[4, 4] = True
    assert s_measure(truth, truth) == pytest.approx(1)


@pytest.mark.parametrize(
    ("row", "column", "untouched"), [(20, 40, 0), (21, 41, 100 * 100 - 23 * 43)]
)
def test_a_missed_lesion_of_a_few_pixels_may_lie_in_one_rectangle(
    row, column, untouched
):
    truth = np.zeros((100, 100), bool)
    truth[row : row + 2, column : column + 2] = True
    expected = (9996 + untouched) / 20_000
    assert s_measure(np.zeros_like(truth), truth) == pytest.approx(expected)


def test_pictures_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        s_measure(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="one shape"):
        e_measure(np.zeros((2, 3)), np.zeros((3, 2)))
