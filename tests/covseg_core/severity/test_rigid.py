from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from covseg_core.severity.rigid import Rigid
from covseg_core.volume import Grid

STILL = Rigid(np.eye(3), np.zeros(3), np.zeros(3))


def quarter_turn():
    """A quarter turn about z, which takes x to y, around (10, 0, 0), 5 mm up."""
    return Rigid.from_vector(
        np.array([0, 0, np.pi / 2, 0, 0, 5.0]), np.array([10.0, 0, 0])
    )


def test_points_turn_about_the_centre_and_shift():
    moved = quarter_turn().move(np.array([[10.0, 0, 0], [11.0, 0, 2]]))
    np.testing.assert_allclose(moved, [[10, 0, 5], [10, 1, 7]], atol=1e-12)


def test_angle_and_distance_are_told():
    rigid = quarter_turn()
    assert rigid.angle_degrees == pytest.approx(90)
    assert rigid.distance_mm == pytest.approx(5)
    assert (STILL.angle_degrees, STILL.distance_mm) == (0, 0)


def test_labels_that_do_not_move_stay_where_they_are(chest, stored):
    turned = stored(chest.lungs, (2, 0, 1), (True, False, True))
    found = STILL.onto(turned.labels, turned.grid, chest.lungs.grid)
    np.testing.assert_array_equal(found, chest.lungs.labels)


def test_a_label_goes_where_its_point_goes():
    grid = Grid.from_spacing((3, 4, 5), (4.0, 2.0, 2.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[1, 2, 3] = 2
    rigid = Rigid(
        Rotation.from_euler("z", 90, degrees=True).as_matrix(),
        np.zeros(3),
        np.array([20.0, -1.0, 4.0]),
    )
    place = rigid.move(grid.world_mm([[1, 2, 3]]))[0]
    wanted = Grid.from_spacing((6, 21, 41), (2.0, 1.0, 1.0), (0.0, -5.0, 0.0))
    moved = rigid.onto(labels, grid, wanted)
    # The voxel of 4 x 2 x 2 mm covers 2 x 2 x 2 voxels, or more where centres meet.
    where = np.argwhere(moved == 2)
    assert 8 <= len(where) <= 27
    assert np.abs(wanted.world_mm(where) - place).max(axis=0) == pytest.approx(
        [1, 1, 2], abs=1.01
    )


def test_what_comes_from_outside_the_grid_is_empty():
    grid = Grid.from_spacing((2, 2, 2), (1.0, 1.0, 1.0))
    wanted = Grid.from_spacing((2, 2, 6), (1.0, 1.0, 1.0), (-2.0, 0.0, 0.0))
    found = STILL.onto(np.ones(grid.shape, np.uint8), grid, wanted)
    np.testing.assert_array_equal(found[0, 0], [0, 0, 1, 1, 0, 0])
