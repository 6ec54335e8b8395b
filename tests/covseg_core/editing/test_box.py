from __future__ import annotations

import numpy as np

from covseg_core.editing.box import class_box, margin_voxels, widened


def test_box_holds_the_class_and_no_other():
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1, 2, 3] = labels[3, 4, 2] = 1
    labels[0, 0, 0] = 2
    assert class_box(labels, 1) == (slice(1, 4), slice(2, 5), slice(2, 4))


def test_a_class_that_is_nowhere_has_no_box():
    assert class_box(np.zeros((2, 3, 4), np.uint8), 1) is None


def test_a_wider_box_ends_where_the_volume_does():
    box = (slice(1, 4), slice(0, 2), slice(3, 7))
    assert widened(box, (2, 1, 1), (5, 9, 7)) == (
        slice(0, 5),
        slice(0, 3),
        slice(2, 7),
    )


def test_a_margin_reaches_beyond_the_distance_along_each_axis():
    assert margin_voxels(2.0, (5.0, 1.0, 0.7)) == (1, 3, 3)
