from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.phantom.disturbances import noisy, windowed_to_8_bit


def test_noise_has_the_strength_that_was_asked_for(blocks):
    added = noisy(blocks.ct, 30).hu - blocks.ct.hu
    assert added.std() == pytest.approx(30, rel=0.01)
    assert added.mean() == pytest.approx(0, abs=1)


def test_noise_comes_from_its_seed(blocks):
    once, again, other = (noisy(blocks.ct, 30, seed=seed).hu for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_padding_has_no_noise(blocks):
    padding = blocks.ct.hu == -1000
    loud = noisy(replace(blocks.ct, padding=padding), 30)
    assert (loud.hu[padding] == -1000).all()


def test_a_window_makes_whole_grey_levels_and_no_hu(blocks):
    grey = windowed_to_8_bit(blocks.ct, -1350, 150)
    assert not grey.is_hu
    assert grey.hu.dtype == np.float32
    # Air, lung, opacity, consolidation and flesh of the boxes.
    np.testing.assert_array_equal(np.unique(grey.hu), [60, 85, 136, 233, 236])


def test_what_is_outside_the_window_is_black_or_white(blocks):
    grey = windowed_to_8_bit(blocks.ct, -900, 0)
    assert set(grey.hu[blocks.ct.hu == -1000]) == {0}
    assert set(grey.hu[blocks.ct.hu == 40]) == {255}


def test_an_empty_window_is_refused(blocks):
    with pytest.raises(UsageError, match="low < high, got 100 to -100 HU"):
        windowed_to_8_bit(blocks.ct, 100, -100)


def test_a_picture_is_not_windowed_twice(blocks):
    grey = windowed_to_8_bit(blocks.ct, -1350, 150)
    with pytest.raises(InputRefusedError, match="no Hounsfield units"):
        windowed_to_8_bit(grey, -1350, 150)
