from __future__ import annotations

import numpy as np

from covseg_core.transforms.islands import largest_of_each

MM = (5.0, 4.0, 4.0)
"""A neck of two pixels is narrow."""


def blank():
    return np.zeros((3, 12, 20), np.uint8)


def kept(labels, mm=MM):
    return largest_of_each(labels, mm)


def test_only_the_largest_island_of_each_value_stays():
    labels = blank()
    labels[:, 2:8, 2:7] = 1
    labels[:, 2:8, 12:18] = 2
    expected = labels.copy()
    labels[0, 10, 2] = 1
    labels[1, 10, 16:18] = 2
    np.testing.assert_array_equal(kept(labels), expected)


def test_a_loose_piece_goes_to_the_lung_that_it_touches_most():
    labels = blank()
    labels[:, 2:8, 2:7] = 1
    labels[:, 2:8, 9:18] = 2
    expected = labels.copy()
    labels[:, 3:5, 15:17] = 1
    np.testing.assert_array_equal(kept(labels), expected)


def test_what_hangs_on_a_narrow_neck_is_another_organ():
    labels = blank()
    labels[:, 2:8, 2:8] = 1
    lung = labels.copy()
    labels[1, 4, 8:12] = 1
    labels[:, 2:6, 12:18] = 1
    found = kept(labels)
    assert found[labels == 0].max() == 0
    assert found[lung > 0].min() == 1
    assert not found[:, :, 12:].any()
    # With pixels of half the size the neck is narrower still.
    assert not kept(labels, (5.0, 2.0, 2.0))[:, :, 12:].any()
    labels[1, 2:6, 8:12] = 1
    np.testing.assert_array_equal(kept(labels), labels)


def test_a_thin_sliver_below_a_lung_goes_on_with_it_however_thin_the_slices():
    labels = np.zeros((12, 12, 20), np.uint8)
    labels[6:, 2:9, 2:14] = 1
    labels[:6, 7:9, 2:14] = 1
    np.testing.assert_array_equal(kept(labels), labels)


def test_a_lung_that_is_thin_everywhere_is_kept():
    labels = blank()
    labels[:, 4:6, 2:16] = 2
    np.testing.assert_array_equal(kept(labels), labels)


def test_one_value_alone_and_none_at_all_are_kept():
    labels = blank()
    np.testing.assert_array_equal(kept(labels), labels)
    labels[:, 2:4, 2:4] = 2
    np.testing.assert_array_equal(kept(labels), labels)
