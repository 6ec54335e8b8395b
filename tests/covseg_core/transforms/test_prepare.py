from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from covseg_core.errors import InputRefusedError
from covseg_core.transforms.prepare import Box, Prepare, box_for, lung_box
from covseg_core.volume import CTVolume, Grid, LungMask


def lungs_in(box, shape=(9, 40, 50), spacing=(7.0, 2.0, 0.8)):
    labels = np.zeros(shape, np.uint8)
    labels[box] = 1
    return LungMask(labels, Grid.from_spacing(shape, spacing))


def test_the_margin_is_in_mm_along_each_axis_of_the_slice_only():
    lungs = lungs_in(np.s_[3:6, 15:20, 20:30])
    # 5 mm are 3 rows of 2 mm and 7 columns of 0.8 mm, rounded up.
    assert lung_box(lungs, 5.0) == Box(slice(3, 6), slice(12, 23), slice(13, 37))


def test_no_margin_gives_the_tight_box_of_both_lungs():
    lungs = lungs_in(np.s_[3:6, 15:20, 20:30])
    lungs.labels[7, 2, 41] = 2
    assert lung_box(lungs, 0.0) == Box(slice(3, 8), slice(2, 20), slice(20, 42))


@pytest.mark.parametrize("corner", [np.s_[:1, :1, :1], np.s_[-1:, -1:, -1:]])
def test_the_box_never_leaves_the_grid(corner):
    lungs = lungs_in(corner)
    box = lung_box(lungs, 100.0)
    for part, n in zip(box.as_index, lungs.grid.shape, strict=True):
        assert 0 <= part.start < part.stop <= n
    assert lungs.labels[box.as_index].sum() == 1


def test_an_empty_lung_mask_is_refused():
    with pytest.raises(InputRefusedError, match="the lung mask is empty; give one"):
        lung_box(lungs_in(np.s_[:0]), 5.0)


@pytest.mark.parametrize(
    ("crop", "given", "whole"),
    [("lungs", True, False), ("lungs", False, True), ("none", True, True)],
)
def test_the_whole_grid_is_taken_without_lungs_or_crop(crop, given, whole):
    lungs = lungs_in(np.s_[3:6, 15:20, 20:30])
    ct = CTVolume(np.zeros(lungs.grid.shape, np.float32), lungs.grid)
    box = box_for(ct, lungs if given else None, Prepare(crop=crop))
    assert (box == Box.whole(ct.grid)) is whole


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 100}, "size 100 is not a multiple of 32"),
        ({"size": 0}, "greater than or equal to 32"),
        ({"window_low_hu": 150.0}, "window_low_hu must be below window_high_hu"),
        ({"window_high_hu": float("nan")}, "finite number"),
        ({"std": (0.2, 0.0, 0.2)}, "std must be above 0"),
        ({"mean": (0.2, float("inf"), 0.2)}, "finite number"),
        ({"zoom": 1}, "Extra inputs are not permitted"),
    ],
)
def test_preparations_that_no_slice_can_pass_are_refused(change, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Prepare(**change)
