from __future__ import annotations

import numpy as np
import pytest

from covseg_core.phantom.shapes import (
    Ellipsoid,
    World,
    coverage,
    smooth_intersection,
    smooth_union,
    union,
)
from covseg_core.volume import Grid


@pytest.fixture(scope="module")
def fine_world():
    """Voxels of 1 mm in a cube of 100 mm around the origin."""
    return World.of(Grid.from_spacing((100, 100, 100), (1, 1, 1), (-49.5,) * 3))


def test_axes_are_those_of_the_grid():
    grid = Grid.from_spacing((2, 3, 4), (6, 1.5, 0.5), (-10, -20, -30))
    world = World.of(grid)
    assert world.shape == (2, 3, 4)
    assert (world.x[0, 0, 3], world.y[0, 2, 0], world.z[1, 0, 0]) == tuple(
        grid.world_mm((1, 2, 3))
    )
    assert (world.pixel_mm, world.slice_mm) == (1.5, 6)


def test_the_volume_of_an_ellipsoid_is_the_textbooks():
    # 4/3 pi x 30 x 20 x 10 mm
    assert Ellipsoid((0, 0, 0), (30, 20, 10)).volume_ml == pytest.approx(25.13274)


@pytest.mark.parametrize("angle", [0, 30, 90])
def test_voxels_of_an_ellipsoid_fill_its_volume(fine_world, angle):
    shape = Ellipsoid((1, -2, 3), (30, 20, 10), angle)
    n_voxels = int((shape.depth(fine_world) >= 0).sum())
    assert n_voxels / 1000 == pytest.approx(shape.volume_ml, rel=0.005)


def test_an_ellipsoid_turns_from_left_towards_the_back(fine_world):
    depth = Ellipsoid((0, 0, 0), (40, 5, 5), 45).depth(fine_world)
    assert depth[50, 70, 70] > 0
    assert depth[50, 30, 70] < 0


def test_depth_in_a_ball_is_a_distance(fine_world):
    depth = Ellipsoid((0, 0, 0), (30, 30, 30)).depth(fine_world)
    distance = np.sqrt(fine_world.x**2 + fine_world.y**2 + fine_world.z**2)
    away_from_centre = distance > 3
    np.testing.assert_allclose(
        depth[away_from_centre], 30 - distance[away_from_centre], atol=1e-3
    )


def test_a_scaled_ellipsoid_grows_by_the_cube():
    shape = Ellipsoid((1, 2, 3), (30, 20, 10), 15)
    assert shape.scaled(2).volume_ml == pytest.approx(8 * shape.volume_ml)
    assert shape.scaled(2).centre_mm == shape.centre_mm


def test_the_box_of_an_ellipsoid_holds_all_of_it(fine_world):
    shape = Ellipsoid((10, -20, 5), (25, 8, 12), 63)
    inside = shape.depth(fine_world) >= 0
    cut = inside.copy()
    cut[shape.box(fine_world, 0)] = False
    assert inside.any()
    assert not cut.any()


def test_a_part_of_the_world_has_the_depths_of_the_whole(fine_world):
    shape = Ellipsoid((10, -20, 5), (25, 8, 12), 63)
    box = shape.box(fine_world, 4)
    part = fine_world.part(box)
    np.testing.assert_array_equal(shape.depth(part), shape.depth(fine_world)[box])


def test_a_smooth_union_is_the_union_away_from_the_seam():
    a, b = np.float32([-30, -5, 0, 5, 30]), np.float32([0, 0, 0, 0, 0])
    smooth = smooth_union(a, b, 10)
    np.testing.assert_allclose(smooth[[0, 4]], union(a, b)[[0, 4]], atol=1e-5)
    assert (smooth >= union(a, b)).all()
    np.testing.assert_allclose(smooth_intersection(a, b, 10), -smooth_union(-a, -b, 10))


def test_coverage_is_half_on_the_surface_and_bounded():
    share = coverage(np.float32([-9, -1, 0, 1, 9]), 4)
    np.testing.assert_allclose(share, [0, 0.25, 0.5, 0.75, 1])
