from __future__ import annotations

import numpy as np
import pytest

from covseg_core.collections.sides import sided_lungs
from covseg_core.labels import LUNGS
from covseg_core.volume import Grid, LabelVolume


@pytest.fixture
def lungs(lung_labels):
    grid = Grid.from_spacing(lung_labels.shape, (6.0, 0.7, 0.7), (-8.0, -7.0, 3.0))
    return LabelVolume(lung_labels, grid, LUNGS)


@pytest.mark.parametrize("values", [(1, 2), (2, 1)])
def test_the_lung_on_the_patients_right_is_the_right_one(lungs, values):
    table = np.array([0, *values], np.uint8)
    given = LabelVolume(table[lungs.labels], lungs.grid, LUNGS)
    assert np.array_equal(sided_lungs(given).labels, lungs.labels)


def test_one_value_is_split_by_its_islands(lungs):
    given = LabelVolume((lungs.labels > 0).astype(np.uint8), lungs.grid, LUNGS)
    assert np.array_equal(sided_lungs(given).labels, lungs.labels)


def test_lungs_that_touch_are_cut_in_the_middle(lungs):
    joined = (lungs.labels > 0).astype(np.uint8)
    joined[1, 8, 10:15] = 1
    found = sided_lungs(LabelVolume(joined, lungs.grid, LUNGS)).labels
    assert np.array_equal(found[lungs.labels > 0], lungs.labels[lungs.labels > 0])
    # The mask has the columns 3 to 19, the first on the patient's right.
    assert found[1, 8, [10, 12, 13]].tolist() == [1, 2, 2]


@pytest.mark.parametrize("shift", [-6, -3, 3, 6])
def test_lungs_of_a_patient_who_lay_aside_stay_whole(lungs, shift):
    aside = np.pad(lungs.labels, ((0, 0), (0, 0), (6, 6)))
    aside = np.roll(aside, shift, axis=2)
    grid = Grid.from_spacing(aside.shape, lungs.grid.spacing_mm_zyx)
    given = LabelVolume((aside > 0).astype(np.uint8), grid, LUNGS)
    assert np.array_equal(sided_lungs(given).labels, aside)


def test_joined_lungs_of_a_patient_who_lay_aside_are_cut_in_their_middle(lungs):
    joined = (lungs.labels > 0).astype(np.uint8)
    joined[1, 8, 10:15] = 1
    aside = np.roll(np.pad(joined, ((0, 0), (0, 0), (6, 6))), 3, axis=2)
    grid = Grid.from_spacing(aside.shape, lungs.grid.spacing_mm_zyx)
    found = sided_lungs(LabelVolume(aside, grid, LUNGS)).labels[:, :, 9:33]
    assert np.array_equal(found[lungs.labels > 0], lungs.labels[lungs.labels > 0])


@pytest.mark.parametrize("side", [1, 2])
def test_one_lung_alone_is_not_cut(lungs, side):
    alone = np.where(lungs.labels == side, 1, 0).astype(np.uint8)
    found = sided_lungs(LabelVolume(alone, lungs.grid, LUNGS)).labels
    assert np.array_equal(found, np.where(alone, side, 0))


def test_two_pieces_above_each_other_are_of_one_lung(lungs):
    labels = np.where(lungs.labels == 1, 1, 0).astype(np.uint8)
    labels = np.concatenate([labels, labels * 0, labels])
    grid = Grid.from_spacing(labels.shape, lungs.grid.spacing_mm_zyx)
    found = sided_lungs(LabelVolume(labels, grid, LUNGS)).labels
    assert np.array_equal(found, labels)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("is_one_value", [False, True])
def test_the_order_of_voxels_does_not_count(lungs, stored, order, is_one_value):
    expected = stored(lungs, order, (True, False, True))
    labels = expected.labels > 0 if is_one_value else expected.labels
    given = LabelVolume(labels.astype(np.uint8), expected.grid, LUNGS)
    assert np.array_equal(sided_lungs(given).labels, expected.labels)


def test_no_lungs_stay_none(lungs):
    empty = LabelVolume(np.zeros_like(lungs.labels), lungs.grid, LUNGS)
    assert not sided_lungs(empty).labels.any()
