from __future__ import annotations

import numpy as np

from covseg_core.transforms.islands import largest_of_each


def blank():
    return np.zeros((3, 12, 20), np.uint8)


def test_only_the_largest_island_of_each_value_stays():
    labels = blank()
    labels[:, 2:8, 2:7] = 1
    labels[:, 2:8, 12:18] = 2
    expected = labels.copy()
    labels[0, 10, 2] = 1
    labels[1, 10, 16:18] = 2
    np.testing.assert_array_equal(largest_of_each(labels), expected)


def test_a_loose_piece_goes_to_the_lung_that_it_touches_most():
    labels = blank()
    labels[:, 2:8, 2:7] = 1
    labels[:, 2:8, 9:18] = 2
    expected = labels.copy()
    labels[:, 3:5, 15:17] = 1
    np.testing.assert_array_equal(largest_of_each(labels), expected)


def test_one_value_alone_and_none_at_all_are_kept():
    labels = blank()
    np.testing.assert_array_equal(largest_of_each(labels), labels)
    labels[:, 2:4, 2:4] = 2
    np.testing.assert_array_equal(largest_of_each(labels), labels)
