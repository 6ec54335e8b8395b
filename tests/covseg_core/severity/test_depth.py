from __future__ import annotations

import numpy as np

from covseg_core.severity.depth import near_surface


def test_the_rim_of_a_box_is_as_thick_as_asked_on_each_axis():
    lung = np.zeros((9, 22, 22), bool)
    lung[1:8, 1:21, 1:21] = True
    near = near_surface(lung, (8.0, 4.0, 2.0), 8.0)
    centre = lung & ~near
    wanted = np.zeros_like(lung)
    wanted[2:7, 3:19, 5:17] = True
    np.testing.assert_array_equal(centre, wanted)


def test_nothing_lies_outside_the_lung():
    lung = np.zeros((4, 8, 8), bool)
    lung[1:3, 2:6, 2:6] = True
    np.testing.assert_array_equal(near_surface(lung, (2.0, 2.0, 2.0), 50.0), lung)
    assert not near_surface(np.zeros_like(lung), (2.0, 2.0, 2.0), 50.0).any()


def test_a_lung_without_any_outside_has_no_surface():
    assert not near_surface(np.ones((3, 4, 5), bool), (2.0, 2.0, 2.0), 5.0).any()


def test_thinned_voxels_give_the_rim_back_in_full_size():
    lung = np.zeros((5, 101, 101), bool)
    lung[1:4, 10:91, 10:91] = True
    near = near_surface(lung, (50.0, 0.5, 0.5), 10.0)
    middle = near[2, 50]
    assert middle[10:28].all()
    assert not middle[33:68].any()
    assert middle[73:91].all()
    assert not near[~lung].any()
