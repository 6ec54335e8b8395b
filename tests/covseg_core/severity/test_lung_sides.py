from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.severity.lung_sides import TOLD_APART, told_apart
from covseg_core.volume import Source


@pytest.mark.parametrize("value", [1, 2])
def test_one_value_for_both_lungs_is_split_by_place(blocks, value):
    ones = (blocks.lungs.labels > 0).astype(np.uint8) * np.uint8(value)
    lungs = replace(blocks.lungs, labels=ones, source=Source(notes=("cleaned",)))
    sided = told_apart(lungs)
    np.testing.assert_array_equal(sided.labels, blocks.lungs.labels)
    assert sided.source.notes == ("cleaned", TOLD_APART)


def test_the_split_follows_the_patient_however_voxels_are_stored(blocks, stored):
    ones = (blocks.lungs.labels > 0).astype(np.uint8)
    turned = stored(replace(blocks.lungs, labels=ones), (2, 0, 1), (0, 1, 1))
    wanted = stored(blocks.lungs, (2, 0, 1), (0, 1, 1))
    np.testing.assert_array_equal(told_apart(turned).labels, wanted.labels)


def test_both_values_stay_even_if_swapped(blocks):
    swapped = np.choose(blocks.lungs.labels, [0, 2, 1]).astype(np.uint8)
    lungs = replace(blocks.lungs, labels=swapped)
    assert told_apart(lungs) is lungs


@pytest.mark.parametrize("side", [1, 2])
def test_one_lung_alone_keeps_the_side_that_its_value_says(blocks, side):
    labels = np.where(blocks.lungs.labels == side, side, 0).astype(np.uint8)
    lungs = replace(blocks.lungs, labels=labels)
    assert told_apart(lungs) is lungs


def test_an_empty_mask_stays(blocks):
    lungs = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    assert told_apart(lungs) is lungs
