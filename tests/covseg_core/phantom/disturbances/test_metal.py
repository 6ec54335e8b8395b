from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.phantom.disturbances import with_metal
from covseg_core.phantom.disturbances.metal import METAL_HU
from covseg_core.volume import Grid


def one_slice(ct):
    """Its middle slice, as streaks take a while."""
    return replace(
        ct, hu=ct.hu[10:11], grid=Grid((1, *ct.grid.shape[1:]), ct.grid.affine_lps)
    )


@pytest.fixture(scope="module")
def operated(chest):
    return with_metal(chest.ct)


@pytest.fixture(scope="module")
def touched(chest, operated):
    """Slices that differ."""
    return np.flatnonzero((operated.hu != chest.ct.hu).any(axis=(1, 2)))


def test_only_the_30_mm_that_hold_metal_are_touched(chest, touched):
    z_mm = chest.grid.spacing_mm_zyx[0]
    assert np.ptp(touched) + 1 == len(touched)
    assert np.ptp(touched) * z_mm == pytest.approx(30, abs=z_mm)
    assert 16 in touched


def test_each_of_them_holds_four_bright_objects(operated, touched):
    from skimage.measure import label

    for z in touched:
        assert label(operated.hu[z] > 0.4 * METAL_HU, return_num=True)[1] >= 3
        assert 0.9 * METAL_HU < operated.hu[z].max() <= 3071


def test_streaks_reach_across_the_lungs(chest, operated, touched):
    lungs = chest.lungs.labels[touched] > 0
    streaks = (operated.hu - chest.ct.hu)[touched][lungs]
    assert 10 < streaks.std() < 300
    assert (np.abs(streaks) > 20).mean() > 0.2


def test_between_two_screws_it_is_dark(chest, operated, touched):
    """What beam hardening is known for."""
    change = (operated.hu - chest.ct.hu)[touched].mean(axis=0)
    bright = np.argwhere(change > 1000)
    back = bright[bright[:, 0] > bright[:, 0].max() - 5]
    row, left = int(back[:, 0].mean()), back[:, 1]
    middle = (left.min() + left.max()) // 2
    assert change[row - 1 : row + 2, middle - 1 : middle + 2].mean() < -50


def test_no_value_leaves_the_scale_of_a_scanner(chest, operated):
    assert np.isfinite(operated.hu).all()
    assert operated.hu.min() >= -1024
    assert operated.hu.dtype == np.float32
    assert operated.grid is chest.ct.grid


def test_what_lay_outside_the_field_of_view_stays(chest):
    few = one_slice(chest.ct)
    hu = few.hu.copy()
    hu[:, :6, :6] = -2000
    assert (
        with_metal(replace(one_slice(chest.ct), hu=hu)).hu[:, :6, :6] == -2000
    ).all()


def test_a_seed_gives_the_same_streaks_again(chest):
    once, again, other = (
        with_metal(one_slice(chest.ct), seed=seed).hu for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_a_picture_need_not_be_square(blocks):
    wide = with_metal(one_slice(blocks.ct))
    assert wide.grid.shape == (1, 48, 112)
    assert np.isfinite(wide.hu).all()
    assert (wide.hu > 0.3 * METAL_HU).any()
