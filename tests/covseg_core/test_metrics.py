from __future__ import annotations

import numpy as np
import pytest

from covseg_core.metrics import dice


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
