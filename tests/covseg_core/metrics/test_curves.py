from __future__ import annotations

import numpy as np
import pytest

from covseg_core.metrics.curves import (
    THRESHOLDS,
    dice_over_thresholds,
    stretch,
    threshold_curves,
)
from covseg_core.metrics.overlap import count_voxels, dice
from covseg_core.metrics.structure import e_measure


def plain_loop(probability, truth):
    """256 passes, as the protocol is written."""
    rows = []
    for threshold in THRESHOLDS:
        predicted = probability >= threshold
        counts = count_voxels(predicted, truth)
        if counts.tp == 0:
            rows.append((0, 0, 0, 0))
            continue
        specificity = 0.0 if truth.all() else counts.specificity
        aligned = e_measure(predicted, truth)
        rows.append((counts.dice, counts.sensitivity, specificity, aligned))
    return np.array(rows).T


def as_rows(curves):
    return curves.dice, curves.sensitivity, curves.specificity, curves.e_measure


def test_one_pass_equals_256_passes_on_a_soft_map(soft):
    probability, truth = stretch(soft[0]), soft[1]
    np.testing.assert_allclose(
        as_rows(threshold_curves(probability, truth)), plain_loop(probability, truth)
    )


def test_one_pass_equals_256_passes_on_eight_bit_greys(soft):
    grey = np.rint(stretch(soft[0]) * 255) / 255
    np.testing.assert_allclose(
        as_rows(threshold_curves(grey, soft[1])), plain_loop(grey, soft[1])
    )


@pytest.mark.parametrize("fill", [0, 1])
def test_one_pass_equals_256_passes_where_truth_is_nowhere_or_everywhere(soft, fill):
    truth = np.full(soft[1].shape, fill, bool)
    np.testing.assert_allclose(
        as_rows(threshold_curves(soft[0], truth)), plain_loop(soft[0], truth)
    )


def test_a_mask_is_itself_at_every_threshold_but_the_first(discs):
    predicted, truth = discs
    curve = threshold_curves(predicted.astype(float), truth).dice
    everything = 2 * truth.sum() / (truth.sum() + truth.size)
    assert curve[0] == pytest.approx(everything)
    np.testing.assert_allclose(curve[1:], 0.745679, atol=5e-7)


def test_without_a_hit_every_curve_is_zero():
    curves = threshold_curves(np.array([[0.0, 1.0]]), np.array([[1, 0]]))
    assert curves.sensitivity[0] == 1
    for curve in as_rows(curves):
        assert not curve[1:].any()


def test_dice_over_thresholds_is_dice_at_each(soft):
    curve = dice_over_thresholds(*soft)
    for index in (0, 13, 128, 255):
        expected = dice(soft[0] >= THRESHOLDS[index], soft[1])
        assert curve[index] == pytest.approx(expected)


def test_two_empty_masks_agree_at_a_threshold_nothing_reaches():
    curve = dice_over_thresholds(np.full((2, 2), 0.5), np.zeros((2, 2)))
    assert curve[127] == 0
    assert curve[128] == 1


def test_stretching_reaches_from_0_to_1_and_leaves_a_constant_map_alone():
    stretched = stretch(np.array([[0.2, 0.3], [0.4, 0.6]], np.float32))
    np.testing.assert_allclose(stretched, [[0, 0.25], [0.5, 1]], atol=1e-7)
    np.testing.assert_array_equal(stretch(np.full((2, 2), 0.25)), 0.25)


def test_a_map_and_a_mask_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        threshold_curves(np.zeros((2, 3)), np.zeros((3, 2)))
