from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.severity.soft_lungs import SoftLungs, thinned


def test_blocks_keep_the_volume_and_the_place(blocks):
    soft = SoftLungs.of(blocks.lungs, 6.0)
    assert soft.grid.spacing_mm_zyx == pytest.approx((8, 5, 5))
    right, left = soft.shares.sum(axis=(1, 2, 3)) * soft.grid.voxel_ml
    assert (right, left) == pytest.approx((600, 400))
    places = np.argwhere(blocks.lungs.labels > 0)
    middle = blocks.grid.world_mm(places).mean(axis=0)
    np.testing.assert_allclose(soft.centre_mm, middle, atol=0.1)


def test_the_share_of_a_place_is_found_again(blocks):
    soft = SoftLungs.of(blocks.lungs, 3.0)
    inside, outside, away = blocks.grid.world_mm([(9, 25, 30), (9, 25, 55), (99, 0, 0)])
    np.testing.assert_allclose(
        soft.at(np.stack((inside, outside, away))), [[1, 0, 0], [0, 0, 0]]
    )


def test_points_are_chosen_alike_every_time(blocks):
    soft = SoftLungs.of(blocks.lungs, 3.0).blurred(5.0)
    points = soft.points_mm(500)
    assert points.shape == (500, 3)
    np.testing.assert_array_equal(points, soft.points_mm(500))
    assert len(soft.points_mm(10**7)) > 10_000


def test_thinned_lungs_lie_where_they_did(blocks):
    thin = thinned(blocks.lungs, 5.0)
    assert thin.grid.spacing_mm_zyx == pytest.approx((8, 5, 5))
    np.testing.assert_array_equal(thin.labels, blocks.lungs.labels[:, :, ::2])
    np.testing.assert_allclose(
        thin.grid.world_mm((3, 2, 1)), blocks.grid.world_mm((3, 2, 2))
    )


def test_an_empty_mask_has_no_soft_lungs(blocks):
    empty = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    with pytest.raises(ValueError, match="the lung mask is empty"):
        SoftLungs.of(empty, 5.0)
