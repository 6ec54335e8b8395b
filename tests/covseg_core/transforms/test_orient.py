from __future__ import annotations

import itertools

import numpy as np
import pytest

from covseg_core.transforms.orient import Orientation, standardise_ct
from covseg_core.volume import CTVolume, Grid

TURNS = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def grid_of(order, signs, shape=(3, 4, 5)):
    """A grid whose index axis i runs along world axis order[i], by its sign."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        affine[world, axis] = sign * (axis + 0.5)
    affine[:3, 3] = 7, -8, 9
    return Grid(shape, affine)


@pytest.mark.parametrize(("order", "signs"), TURNS)
def test_every_voxel_keeps_its_world_position_in_all_48_orientations(order, signs):
    grid = grid_of(order, signs)
    turn = Orientation(grid)
    indices = np.stack(np.indices(grid.shape), axis=-1)
    world = grid.world_mm(indices)
    turned = np.stack([turn.apply(world[..., axis]) for axis in range(3)], axis=-1)
    standard = turn.standard_grid
    expected = standard.world_mm(np.stack(np.indices(standard.shape), axis=-1))
    np.testing.assert_allclose(turned, expected, atol=1e-9)


@pytest.mark.parametrize(("order", "signs"), TURNS)
def test_undo_gives_back_the_array_in_all_48_orientations(order, signs):
    turn = Orientation(grid_of(order, signs))
    array = np.arange(60).reshape(3, 4, 5)
    np.testing.assert_array_equal(turn.undo(turn.apply(array)), array)


@pytest.mark.parametrize(("order", "signs"), TURNS)
def test_the_standard_grid_runs_to_left_back_and_head(order, signs):
    direction = Orientation(grid_of(order, signs)).standard_grid.direction_lps
    np.testing.assert_allclose(direction, np.eye(3), atol=1e-9)


def test_an_oblique_scan_is_turned_by_its_nearest_axes():
    angle = np.deg2rad(20)
    affine = np.eye(4)
    affine[:2, :2] = [[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    grid = Grid((2, 3, 4), affine)
    standard = Orientation(grid).standard_grid
    assert standard.direction_lps[0, 0] == pytest.approx(np.cos(angle))
    np.testing.assert_allclose(standard.world_mm((0, 0, 0)), grid.world_mm((0, 0, 3)))


def test_a_standard_scan_is_not_copied():
    ct = CTVolume(
        np.zeros((2, 3, 4), np.float32), Grid.from_spacing((2, 3, 4), (5, 1, 1))
    )
    assert np.shares_memory(standardise_ct(ct).hu, ct.hu)
