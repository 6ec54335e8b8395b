from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.io.nifti import read_nifti_ct, write_nifti_ct
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import Grid


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nii"])
def test_a_scan_has_one_hash_in_memory_and_as_nifti(blocks, tmp_path, name):
    # In float32 a spacing of 0.785 mm rounds up, in float64 down.
    affine = np.diag([0.785, 0.785, 1.1, 1.0])
    affine[:3, 3] = -123.455, -98.76543, 17.00005
    ct = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    write_nifti_ct(tmp_path / name, ct)
    assert hash_ct(read_nifti_ct(tmp_path / name)) == hash_ct(ct)


@pytest.mark.parametrize(
    ("order", "flips"), [((0, 1, 2), (True, False, True)), ((2, 0, 1), (0, 1, 0))]
)
def test_a_scan_has_one_hash_in_every_order_of_its_voxels(blocks, stored, order, flips):
    assert hash_ct(stored(blocks.ct, order, flips)) == hash_ct(blocks.ct)


def test_a_direction_cosine_may_be_a_hair_below_zero(blocks):
    affine = blocks.ct.grid.affine_lps.copy()
    affine[0, 1], affine[1, 0] = -1e-9, 1e-9
    ct = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    assert hash_ct(ct) == hash_ct(blocks.ct)


def test_a_scan_that_differs_in_one_voxel_has_another_hash(blocks):
    hu = blocks.ct.hu.copy()
    hu[7, 8, 9] += 1
    assert hash_ct(replace(blocks.ct, hu=hu)) != hash_ct(blocks.ct)


@pytest.mark.parametrize("entry", [(0, 0), (1, 3), (2, 2)])
def test_a_scan_in_another_place_or_size_has_another_hash(blocks, entry):
    affine = blocks.ct.grid.affine_lps.copy()
    affine[entry] += 0.05
    moved = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    assert hash_ct(moved) != hash_ct(blocks.ct)
