from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from covseg_core.errors import InputRefusedError
from covseg_core.phantom.disturbances import placed_on, with_arms, with_table
from covseg_core.phantom.disturbances.body import find_body


@pytest.fixture(scope="module")
def bare(blocks):
    """The chest of boxes in air, without a table."""
    return blocks.ct


def voxel_at(ct, x_mm, y_mm):
    """Column and row of a place in the middle slice."""
    x0, y0, _ = ct.grid.origin_lps_mm
    _, dy, dx = ct.grid.spacing_mm_zyx
    return len(ct.hu) // 2, round((y_mm - y0) / dy), round((x_mm - x0) / dx)


def test_an_arm_with_its_bone_lies_at_each_side(chest):
    body, wide = find_body(chest.ct), with_arms(chest.ct)
    away, y = body.width_mm / 2 + 42, body.back_mm - 42
    for x in (body.middle_mm - away, body.middle_mm + away):
        assert wide.hu[voxel_at(wide, x, y)] == pytest.approx(80, abs=60)  # marrow
        assert wide.hu[voxel_at(wide, x + 9, y)] > 700  # bone
        assert wide.hu[voxel_at(wide, x, y - 22)] == pytest.approx(50, abs=5)  # flesh
        assert wide.hu[voxel_at(wide, x, y - 38)] == pytest.approx(-100, abs=5)  # fat
    assert (wide.hu[:, :, [0, -1]] == -1000).all()


def test_arms_run_through_every_slice(bare):
    added = with_arms(bare)
    per_slice = (added.hu > 0).sum(axis=(1, 2)) - (bare.hu > 0).sum(axis=(1, 2))
    assert np.ptp(per_slice) == 0
    # Two cylinders with a radius of 42 mm, less the skin of 8 mm.
    area_mm2 = per_slice[0] * 5 * 2.5
    assert area_mm2 == pytest.approx(2 * np.pi * 34**2, rel=0.1)


def test_a_gap_leaves_air_between_arm_and_chest(bare):
    body, apart = find_body(bare), with_arms(bare, gap_mm=20)
    place = voxel_at(apart, body.left_mm + 10, body.back_mm - 42)
    assert apart.hu[place] == -1000


@pytest.mark.parametrize("disturb", [with_arms, with_table])
def test_the_patient_stays_what_and_where_it_was(chest, disturb):
    around = disturb(chest.ct)
    lungs = placed_on(chest.lungs, around.grid).labels > 0
    np.testing.assert_array_equal(around.hu[lungs], chest.ct.hu[chest.lungs.labels > 0])
    assert np.isfinite(around.hu).all()
    assert around.hu.dtype == np.float32


def test_the_plate_is_thin_and_foam_is_below_it(bare):
    body, on_table = find_body(bare), with_table(bare)
    fine = on_table.grid.spacing_mm_zyx[1]
    z, row, column = voxel_at(on_table, body.middle_mm, body.back_mm)
    below = on_table.hu[z, row:, column]
    plate = np.flatnonzero(below > -700)
    assert 0 < len(plate[plate * fine < 10]) <= 2
    assert below[round(15 / fine)] == pytest.approx(-880, abs=15)
    assert (on_table.hu[:, -1] == -1000).all()


def test_the_table_reaches_under_both_arms(bare):
    body = find_body(bare)
    on_table = with_table(with_arms(bare))
    for x in (body.right_mm - 30, body.left_mm + 30):
        z, row, column = voxel_at(on_table, x, body.back_mm + 15)
        assert on_table.hu[z, row, column] == pytest.approx(-880, abs=30)


def test_arms_on_a_table_enclose_air_that_is_no_lung(chest):
    """Else the disturbance would ask nothing of what finds the lungs."""
    around = with_table(with_arms(chest.ct))
    air = around.hu[16] < -600
    parts, _ = ndimage.label(air)
    lungs = placed_on(chest.lungs, around.grid).labels[16] > 0
    outside = set(np.unique(parts)) - {0, parts[0, 0]} - set(np.unique(parts[lungs]))
    pixel_mm2 = np.prod(around.grid.spacing_mm_zyx[1:])
    assert max((parts == part).sum() for part in outside) * pixel_mm2 > 500


def test_grey_levels_are_refused(chest):
    with pytest.raises(InputRefusedError, match="no Hounsfield units"):
        with_arms(replace(chest.ct, is_hu=False))
