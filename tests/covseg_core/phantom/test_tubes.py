from __future__ import annotations

import numpy as np
import pytest

from covseg_core.phantom.shapes import World
from covseg_core.phantom.tubes import Segment, grow_tree, tube_coverage
from covseg_core.volume import Grid


@pytest.fixture(scope="module")
def world():
    return World.of(Grid.from_spacing((20, 80, 80), (3, 1, 1), (-39.5, -39.5, -28.5)))


def test_a_tree_reaches_every_tip_by_one_way():
    tips = np.random.default_rng(0).normal(size=(50, 3)) * 30
    tree = grow_tree(np.zeros(3), tips, 0.5)
    assert len(tree) == 50
    reached = {tuple(piece.end_mm) for piece in tree}
    assert reached == {tuple(tip) for tip in tips}
    joined = reached | {(0, 0, 0)}
    assert all(tuple(piece.start_mm) in joined for piece in tree)


def test_vessels_at_the_root_carry_the_cubes_of_all_tips():
    tips = np.random.default_rng(1).normal(size=(60, 3)) * 30
    tree = grow_tree(np.zeros(3), tips, 0.5)
    at_root = sum(piece.radius_mm**3 for piece in tree if not piece.start_mm.any())
    assert at_root == pytest.approx(60 * 0.5**3)


def test_no_tips_make_no_tree():
    assert grow_tree(np.zeros(3), np.zeros((0, 3)), 0.5) == []


@pytest.mark.parametrize("radius", [2.0, 5.0])
def test_an_upright_tube_fills_the_area_of_its_circle(world, radius):
    tube = Segment(np.array([0, 0, -50.0]), np.array([0, 0, 50.0]), radius)
    area_mm2 = tube_coverage([tube], world)[10].sum()
    assert area_mm2 == pytest.approx(np.pi * radius**2, rel=0.03)


def test_a_wall_widens_the_tube(world):
    tube = Segment(np.array([0, 0, -50.0]), np.array([0, 0, 50.0]), 4.0)
    area_mm2 = tube_coverage([tube], world, wall_mm=1)[10].sum()
    assert area_mm2 == pytest.approx(np.pi * 25, rel=0.03)


def test_a_flat_tube_fills_only_a_part_of_a_thick_slice(world):
    tube = Segment(np.array([-30, 0, 1.5]), np.array([30, 0, 1.5]), 1.0)
    share = tube_coverage([tube], world)
    assert 0 < share.max() <= 0.75
    assert (share.max(axis=(1, 2)) > 0).sum() <= 2


def test_a_tube_outside_the_world_fills_nothing(world):
    tube = Segment(np.array([500, 0, 0.0]), np.array([600, 0, 0.0]), 5.0)
    assert not tube_coverage([tube], world).any()
