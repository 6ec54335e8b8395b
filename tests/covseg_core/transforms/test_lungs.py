from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct, read_nifti_labels
from covseg_core.labels import INFECTION, Lung
from covseg_core.metrics import dice
from covseg_core.transforms.lungs import find_lungs
from covseg_core.volume import CTVolume, Grid

TURNS = [
    ((0, 1, 2), (True, False, False)),
    ((0, 1, 2), (False, True, True)),
    ((1, 0, 2), (False, False, True)),
    ((2, 1, 0), (True, True, False)),
    ((2, 0, 1), (True, False, True)),
]


@pytest.fixture(scope="module")
def found(chest):
    return find_lungs(chest.ct)


def sides(mask):
    return [mask.labels == side for side in (Lung.RIGHT, Lung.LEFT)]


def as_8_bit(ct):
    """The scan in a window of -1350 to 150 HU, as a picture holds it."""
    grey = np.rint(np.clip((ct.hu + 1350) / 1500, 0, 1) * 255)
    return replace(ct, hu=grey.astype(np.float32), is_hu=False)


def test_both_lungs_of_a_chest_are_found_on_their_side(chest, found):
    for guess, truth in zip(sides(found), sides(chest.lungs), strict=True):
        assert dice(guess, truth) > 0.97


def test_dense_disease_inside_a_lung_belongs_to_the_lung(blocks):
    np.testing.assert_array_equal(find_lungs(blocks.ct).labels, blocks.lungs.labels)


@pytest.mark.parametrize(("rows", "inside"), [(5, True), (9, False)])
def test_a_vessel_inside_a_lung_is_lung_and_the_dome_of_the_diaphragm_is_not(
    blocks, rows, inside
):
    """Holes of 25 x 25 and 45 x 45 mm in the right lung, which is 120 x 62.5 mm."""
    hu = blocks.ct.hu.copy()
    hole = np.s_[8, 20 : 20 + rows, 22 : 22 + 2 * rows]
    hu[hole] = 40
    found = find_lungs(replace(blocks.ct, hu=hu)).labels
    middle = found[8, 20 + rows // 2, 22 + rows]
    assert bool(middle == Lung.RIGHT) is inside
    assert found[8, 35, 30] == Lung.RIGHT


def test_the_windpipe_is_no_lung(chest, found):
    # The windpipe of the chest runs upwards from (1, 20, 10) to (1, 4, 125) mm.
    for share in np.linspace(0.3, 0.8, 6):
        mm = np.array([1, 20 - 16 * share, 10 + 115 * share, 1])
        x, y, z = np.rint(np.linalg.solve(chest.ct.grid.affine_lps, mm))[:3].astype(int)
        assert chest.ct.hu[z, y, x] < -700
        assert found.labels[z, y, x] == Lung.BACKGROUND


@pytest.mark.parametrize(("order", "flips"), TURNS)
def test_the_order_of_voxels_on_disk_changes_nothing(
    chest, found, stored, order, flips
):
    mask = find_lungs(stored(chest.ct, order, flips))
    expected = stored(found, order, flips)
    assert mask.grid.matches(expected.grid)
    assert mask.labels.flags.c_contiguous
    # Every other voxel is looked at, from whichever end the axis starts.
    assert dice(mask.labels == 1, expected.labels == 1) > 0.99
    assert dice(mask.labels == 2, expected.labels == 2) > 0.99


def test_lungs_are_found_on_an_8_bit_scan(chest):
    mask = find_lungs(as_8_bit(chest.ct))
    for guess, truth in zip(sides(mask), sides(chest.lungs), strict=True):
        assert dice(guess, truth) > 0.9


def test_thick_rows_and_thin_columns_are_each_thinned_by_their_own_spacing(blocks):
    """A scan with columns of 0.5 mm beside rows of 5 mm keeps all its rows."""
    fine = np.repeat(blocks.ct.hu, 5, axis=2)
    grid = Grid.from_spacing(fine.shape, (8.0, 5.0, 0.5))
    mask = find_lungs(CTVolume(fine, grid))
    truth = np.repeat(blocks.lungs.labels, 5, axis=2)
    assert dice(mask.labels == 1, truth == 1) > 0.97
    assert dice(mask.labels == 2, truth == 2) > 0.97


def test_lungs_that_touch_are_parted_at_the_middle():
    hu = np.full((10, 60, 80), 40, np.float32)
    hu[:, 15:45, 10:70] = -850
    hu[:, :3] = hu[:, -3:] = hu[..., :3] = hu[..., -3:] = -1000
    mask = find_lungs(CTVolume(hu, Grid.from_spacing(hu.shape, (5.0, 2.0, 2.0))))
    assert (mask.labels[5, 30, 12:39] == Lung.RIGHT).all()
    assert (mask.labels[5, 30, 41:68] == Lung.LEFT).all()


def test_a_body_without_air_is_refused():
    hu = np.full((8, 40, 40), -1000, np.float32)
    hu[:, 5:35, 5:35] = 40
    ct = CTVolume(hu, Grid.from_spacing(hu.shape, (5.0, 2.0, 2.0)))
    with pytest.raises(InputRefusedError, match="holds 0 ml and a lung at least 100"):
        find_lungs(ct)


def test_bowel_gas_is_refused_and_its_volume_is_told():
    hu = np.full((8, 60, 60), 40, np.float32)
    hu[2:7, 20:40, 20:40] = -900
    ct = CTVolume(hu, Grid.from_spacing(hu.shape, (5.0, 2.0, 2.0)))
    # 5 x 20 x 20 voxels of 0.02 ml
    with pytest.raises(InputRefusedError, match="inside the body holds 40 ml"):
        find_lungs(ct)


@pytest.mark.parametrize("value", [-1000.0, 0.0])
@pytest.mark.parametrize("is_hu", [True, False])
def test_a_scan_of_one_value_is_refused(value, is_hu):
    hu = np.full((3, 20, 20), value, np.float32)
    ct = CTVolume(hu, Grid.from_spacing(hu.shape, (5.0, 2.0, 2.0)), is_hu=is_hu)
    with pytest.raises(InputRefusedError, match="no lungs were found"):
        find_lungs(ct)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lungs/lctsc_104", "volumes/medseg_05"])
@pytest.mark.parametrize("is_hu", [True, False])
def test_lungs_of_patients_are_found(real_ct, name, is_hu):
    ct = read_nifti_ct(real_ct / f"{name}_ct.nii.gz")
    truth = read_nifti_labels(real_ct / f"{name}_lung.nii.gz", INFECTION)
    mask = find_lungs(ct if is_hu else as_8_bit(ct))
    assert dice(mask.labels, truth.labels) > 0.9
    assert mask.volumes_ml["right_lung"] > mask.volumes_ml["left_lung"] > 1000
