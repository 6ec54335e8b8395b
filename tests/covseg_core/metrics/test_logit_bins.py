from __future__ import annotations

import numpy as np
import pytest

from covseg_core.metrics.logit_bins import FINE_BINS, LOGIT_END, bins_of, logits_of


def test_logits_are_those_of_the_odds():
    p = np.array([0.1, 0.5, 0.9], np.float32)
    np.testing.assert_allclose(logits_of(p), [-np.log(9), 0, np.log(9)], atol=1e-6)


def test_what_is_certain_lies_at_the_ends():
    # A sum of two classes may be rounded to just above 1.
    p = np.array([0.0, 1e-12, 1.0, 1.0000002], np.float32)
    assert logits_of(p).tolist() == [-LOGIT_END, -LOGIT_END, LOGIT_END, LOGIT_END]


def test_the_bins_are_of_equal_width_from_end_to_end():
    logits = np.array([-24, -23.95, -23.93, 0.01, 24], np.float32)
    assert bins_of(logits).tolist() == [0, 0, 1, FINE_BINS // 2, FINE_BINS - 1]


def test_no_probability_is_no_error():
    assert logits_of(np.zeros(0, np.float32)).size == 0


def test_logits_in_place_of_probabilities_are_told_apart():
    with pytest.raises(ValueError, match="not its logits"):
        logits_of(np.array([-3.0, 4.0], np.float32))
