from __future__ import annotations

import pytest

from covseg_core.editing.checking import most_uncertain, next_unchecked


@pytest.mark.parametrize(
    ("checked", "shown", "wanted"),
    [
        (set(), 0, 1),
        ({1, 2}, 0, 3),
        ({3}, 2, 0),
        ({0, 1, 3}, 2, None),
        ({0, 1, 2, 3}, 2, None),
    ],
)
def test_next_slice_is_the_one_above_that_is_not_checked(checked, shown, wanted):
    assert next_unchecked(checked, shown, 4) == wanted


def test_single_slice_has_no_next_one():
    assert next_unchecked(set(), 0, 1) is None


@pytest.mark.parametrize(
    ("checked", "wanted"), [(set(), 2), ({2}, 1), ({1, 2}, 4), ({1, 2, 4}, None)]
)
def test_least_sure_slice_that_is_not_checked_comes_first(checked, wanted):
    assert most_uncertain((None, 0.5, 0.9, None, 0.0), checked) == wanted


def test_of_equal_slices_the_lowest_comes_first():
    assert most_uncertain((0.1, 0.4, 0.4), set()) == 1
