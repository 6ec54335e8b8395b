from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.neighbours import copy_slice
from covseg_core.errors import UsageError

BELOW = [1, 1, 2, 0, 0, 1]
HERE = [0, 2, 1, 1, 2, 0]


@pytest.mark.parametrize(
    ("value", "replace", "wanted"),
    [
        (1, False, [1, 2, 1, 1, 2, 1]),
        (1, True, [1, 2, 0, 0, 2, 1]),
        (2, False, [0, 2, 1, 1, 2, 0]),
        (2, True, [0, 0, 1, 1, 0, 0]),
        (None, False, [1, 2, 1, 1, 2, 1]),
        (None, True, [1, 1, 2, 0, 0, 1]),
    ],
)
def test_slice_gets_what_its_neighbour_has(value, replace, wanted):
    labels = np.array([[BELOW], [HERE]], np.uint8)
    copied = copy_slice(labels, 1, 0, value, replace=replace)
    np.testing.assert_array_equal(copied, [[BELOW], [wanted]])
    np.testing.assert_array_equal(labels, [[BELOW], [HERE]])


@pytest.mark.parametrize(
    ("target", "source", "side"), [(0, -1, "below"), (1, 2, "above")]
)
def test_slice_without_such_a_neighbour_is_refused(target, source, side):
    labels = np.array([[BELOW], [HERE]], np.uint8)
    with pytest.raises(UsageError, match=f"it has no slice {side} this one"):
        copy_slice(labels, target, source)
