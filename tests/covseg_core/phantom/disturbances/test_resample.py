from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError
from covseg_core.labels import Lesion
from covseg_core.phantom.disturbances import (
    resampled,
    stored_otherwise,
    with_matrix,
    with_slices,
)
from covseg_core.volume import CTVolume, Grid, LesionMask

SPACINGS = [(1.0, 5.0, 2.5), (10.0, 5.0, 2.5), (3.0, 7.0, 1.1), (16.0, 2.0, 4.0)]


def centre_mm(volume, weights):
    """Centre of mass in the world."""
    index = np.argwhere(weights > 0)
    mass = weights[weights > 0]
    return (volume.grid.world_mm(index) * mass[:, None]).sum(axis=0) / mass.sum()


def line(values, spacing_mm=2.0):
    """Slices of one voxel."""
    hu = np.array(values, np.float32)[:, None, None]
    return CTVolume(hu, Grid.from_spacing(hu.shape, (spacing_mm, 1.0, 1.0)))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_marker_stays_at_its_place_in_the_world(blocks, spacing):
    """A cloud wide enough for the coarsest voxels has its centre where it was."""
    wanted = np.array((-22.0, 3.0, -815.0))
    index = np.moveaxis(np.indices(blocks.grid.shape), 0, -1)
    away = (blocks.grid.world_mm(index) - wanted) / (20, 20, 16)
    cloud = 1000 * np.exp(-(away**2).sum(axis=-1) / 2).astype(np.float32)
    cut = resampled(replace(blocks.ct, hu=cloud), spacing)
    np.testing.assert_allclose(centre_mm(cut, cut.hu), wanted, atol=0.2)
    assert cut.grid.spacing_mm_zyx == pytest.approx(spacing)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_new_voxels_fill_the_same_space(blocks, spacing):
    old, new = blocks.grid, resampled(blocks.ct, spacing).grid
    np.testing.assert_allclose(
        old.world_mm((np.array(old.shape) - 1) / 2),
        new.world_mm((np.array(new.shape) - 1) / 2),
    )
    missing = np.multiply(old.shape, old.spacing_mm_zyx) - np.multiply(
        new.shape, spacing
    )
    assert (np.abs(missing) <= np.array(spacing) / 2 + 1e-9).all()


@pytest.mark.parametrize("spacing", [(1.0, 5.0, 2.5), (2.5, 3.0, 3.0)])
def test_volumes_stay_within_five_percent(chest, spacing):
    for mask in (chest.lungs, chest.lesions):
        before, after = mask.volumes_ml, resampled(mask, spacing).volumes_ml
        assert after == pytest.approx(before, rel=0.05)


def test_the_voxels_it_has_already_stay_what_they_are(blocks):
    same = resampled(blocks.ct, blocks.grid.spacing_mm_zyx)
    np.testing.assert_array_equal(same.hu, blocks.ct.hu)
    assert same.grid.matches(blocks.grid)


def test_a_thick_slice_is_the_mean_of_what_it_covers():
    thick = with_slices(line([0, 100, 200, 700]), 4.0)
    np.testing.assert_allclose(thick.hu.ravel(), [50, 450])


def test_a_slice_takes_a_share_of_what_it_covers_in_part():
    thick = with_slices(line([0, 300, 600]), 3.0)
    # 2 mm of one slice and 1 mm of the middle one each.
    np.testing.assert_allclose(thick.hu.ravel(), [100, 500], rtol=1e-6)


def test_thin_slices_show_what_the_thick_one_showed():
    thin = with_slices(line([0, 300, 600]), 1.2)
    np.testing.assert_array_equal(thin.hu.ravel(), [0, 0, 300, 600, 600])


def test_small_pixels_are_interpolated_and_never_beyond_the_last_one():
    hu = np.array([[[0, 400]]], np.float32)
    pair = CTVolume(hu, Grid.from_spacing(hu.shape, (1.0, 1.0, 2.0)))
    fine = resampled(pair, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(fine.hu.ravel(), [0, 100, 300, 400])


def test_a_mask_goes_by_half_of_a_voxel_and_then_by_the_larger_share():
    ggo, dense = Lesion.GGO, Lesion.CONSOLIDATION
    labels = np.array(
        [[ggo, ggo, dense, 0, 0], [ggo, 0, 0, 0, dense]], np.uint8
    ).reshape(10, 1, 1)
    mask = LesionMask(labels, Grid.from_spacing((10, 1, 1), (1.0, 1.0, 1.0)))
    np.testing.assert_array_equal(
        resampled(mask, (5.0, 1.0, 1.0)).labels.ravel(), [ggo, 0]
    )
    np.testing.assert_array_equal(
        resampled(mask, (2.0, 1.0, 1.0)).labels.ravel(), [ggo, dense, ggo, 0, dense]
    )


def test_padding_goes_along(blocks):
    padding = np.zeros(blocks.grid.shape, bool)
    padding[:, :, :20] = True
    cut = resampled(replace(blocks.ct, padding=padding), (8.0, 5.0, 5.0))
    assert cut.padding[:, :, :10].all()
    assert not cut.padding[:, :, 10:].any()


def test_a_scan_that_is_stored_otherwise_is_cut_in_its_own_frame(blocks):
    order, flips = (2, 0, 1), (True, False, True)
    one = resampled(stored_otherwise(blocks.ct, order, flips), (5.0, 4.0, 5.0))
    other = stored_otherwise(resampled(blocks.ct, (4.0, 5.0, 5.0)), order, flips)
    assert one.grid.matches(other.grid)
    np.testing.assert_allclose(one.hu, other.hu, atol=1e-2)


def test_a_matrix_changes_the_pixels_and_not_the_field_of_view(blocks):
    cut = with_matrix(blocks.ct, 224)
    assert cut.grid.shape == (20, 96, 224)
    assert cut.grid.spacing_mm_zyx == pytest.approx((8.0, 2.5, 1.25))


def test_a_voxel_without_size_is_refused(blocks):
    with pytest.raises(GeometryError, match=r"above 0 mm, got \(0\.0, 1\.0, 1\.0\)"):
        resampled(blocks.ct, (0.0, 1.0, 1.0))
