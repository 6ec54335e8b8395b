from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.regions import relabel_region
from covseg_core.errors import UsageError


def lesions():
    """Two pieces of opacity, one over two slices, with consolidation between."""
    labels = np.zeros((3, 4, 7), np.uint8)
    labels[1:, 1:3, 1:3] = 1
    labels[1, 1:3, 3] = 2
    labels[1, 1:3, 4:6] = 1
    return labels


def test_lesion_at_a_voxel_changes_in_all_its_slices_and_no_other_does():
    wanted = lesions()
    wanted[1:, 1:3, 1:3] = 2
    np.testing.assert_array_equal(relabel_region(lesions(), (2, 1, 1), 2), wanted)


def test_only_this_slice_changes_if_asked():
    wanted = lesions()
    wanted[1, 1:3, 1:3] = 2
    found = relabel_region(lesions(), (1, 2, 2), 2, in_slice=True)
    np.testing.assert_array_equal(found, wanted)


def test_zero_erases():
    found = relabel_region(lesions(), (1, 1, 5), 0)
    assert np.count_nonzero(found == 1) == 8
    assert np.count_nonzero(found == 2) == 2


def test_same_class_changes_nothing_and_the_input_stays():
    labels = lesions()
    np.testing.assert_array_equal(relabel_region(labels, (1, 1, 1), 1), lesions())
    relabel_region(labels, (1, 1, 1), 2)
    np.testing.assert_array_equal(labels, lesions())


@pytest.mark.parametrize(
    ("voxel", "told"),
    [
        ((0, 0, 6), "slice 1, row 1, column 7 is not marked; point at a lesion"),
        ((3, 0, 0), "slice 4, row 1, column 1 is outside of the scan"),
        ((0, -1, 0), "slice 1, row 0, column 1 is outside of the scan"),
    ],
)
def test_a_voxel_without_a_lesion_is_refused(voxel, told):
    with pytest.raises(UsageError, match=told):
        relabel_region(lesions(), voxel, 2)
