from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.config import PaintLimits
from covseg_core.editing.limits import allowed, has_run_out

BEFORE = np.array([0, 1, 2, 0, 1, 2], np.uint8)
PAINTED = np.full(6, 1, np.uint8)
ERASED = np.zeros(6, np.uint8)
HU = np.array([-951, -950, 0, 100, 101, 50], np.float32)
LUNGS = np.array([0, 1, 2, 2, 0, 0], np.uint8)


def may(after, **chosen):
    limits = PaintLimits(lowest_density=-950, highest_density=100, **chosen)
    return allowed(BEFORE, after, 1, limits, HU, LUNGS).astype(int).tolist()


def test_nothing_is_limited_unless_chosen():
    assert may(PAINTED) == may(ERASED) == [1] * 6


def test_protected_classes_are_neither_painted_over_nor_erased():
    assert may(PAINTED, protect_other_classes=True) == [1, 1, 0, 1, 1, 0]
    assert may(ERASED, protect_other_classes=True) == [0, 1, 0, 0, 1, 0]


def test_density_limits_painting_with_both_ends_included_and_never_erasing():
    assert may(PAINTED, only_at_density=True) == [0, 1, 1, 1, 0, 1]
    assert may(ERASED, only_at_density=True) == [1] * 6


def test_lungs_limit_painting_and_never_erasing():
    assert may(PAINTED, only_in_lungs=True) == [0, 1, 1, 1, 0, 0]
    assert may(ERASED, only_in_lungs=True) == [1] * 6


def test_all_limits_hold_together():
    chosen = {
        "protect_other_classes": True,
        "only_at_density": True,
        "only_in_lungs": True,
    }
    assert may(PAINTED, **chosen) == [0, 1, 0, 1, 0, 0]
    assert may(ERASED, **chosen) == [0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("chosen", ["only_at_density", "only_in_lungs"])
def test_what_is_not_known_limits_nothing(chosen):
    limits = PaintLimits(**{chosen: True})
    assert allowed(BEFORE, PAINTED, 1, limits).all()


def test_densities_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="must be at least the lowest, 40 HU"):
        PaintLimits(lowest_density=40, highest_density=30)


class TestAFill:
    SHAPE = (5, 6, 6)
    PICTURE = (slice(2, 3), slice(0, 6), slice(0, 6))

    def test_that_reaches_every_side_of_the_picture_has_run_out(self):
        changed = np.ones((1, 6, 6), bool)
        changed[0, 2:4, 2:4] = False
        assert has_run_out(changed, self.PICTURE, self.SHAPE)

    def test_that_leaves_a_side_alone_has_not(self):
        changed = np.ones((1, 6, 6), bool)
        changed[0, 0] = False
        assert not has_run_out(changed, self.PICTURE, self.SHAPE)

    def test_in_a_part_of_the_picture_has_not(self):
        box = (slice(2, 3), slice(0, 6), slice(1, 6))
        assert not has_run_out(np.ones((1, 6, 5), bool), box, self.SHAPE)
