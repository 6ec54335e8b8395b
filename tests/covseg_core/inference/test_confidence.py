from __future__ import annotations

import numpy as np
import pytest

from covseg_core.inference.confidence import confidence_of


def scan(*probabilities, background=0.0):
    """One class on 10 x 10 pixels, most of them background."""
    p = np.full((1, 10, 10), background, np.float32)
    p.flat[: len(probabilities)] = probabilities
    return p


def test_certainty_is_one_and_a_coin_is_zero():
    assert confidence_of(scan(1.0, 1.0)) == 1.0
    assert confidence_of(scan(0.5, 0.5)) == 0.0


def test_pixels_that_are_suspected_are_averaged():
    # |2 * 0.9 - 1| = 0.8 and |2 * 0.3 - 1| = 0.4
    assert confidence_of(scan(0.9, 0.3)) == pytest.approx(0.6)


def test_background_does_not_hide_doubt():
    assert confidence_of(scan(0.5, background=0.05)) == 0.0


def test_nothing_suspected_is_certain():
    assert confidence_of(scan(background=0.1)) == 1.0


def test_doubt_about_the_class_is_no_doubt_about_infection():
    p = np.zeros((2, 3, 4, 5), np.float32)
    p[:, 1, 1, 1] = 0.5
    assert confidence_of(p) == 1.0


def test_rounding_above_one_stays_within_bounds():
    assert confidence_of(scan(1.0001)) == 1.0
