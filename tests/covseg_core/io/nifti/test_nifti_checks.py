from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.nifti import read_nifti_ct


def floats(*values):
    return np.array(values, "<f4").tobytes()


# Geometry that readers disagree on


def test_sform_is_taken_and_noted_where_the_qform_is_elsewhere(disk, path):
    image = nib.Nifti1Image(disk.HU, disk.AFFINE_RAS)
    moved = disk.AFFINE_RAS.copy()
    moved[0, 3] += 3
    image.set_sform(disk.AFFINE_RAS, 1)
    image.set_qform(moved, 1)
    nib.save(image, path)
    ct = read_nifti_ct(path)
    assert ct.grid.origin_lps_mm[0] == pytest.approx(-90.5)
    assert "up to 3 mm apart; the sform was taken" in ct.source.notes[0]


def test_forms_that_differ_by_less_than_a_tenth_of_a_millimetre_are_the_same(
    disk, path
):
    image = nib.Nifti1Image(disk.HU, disk.AFFINE_RAS)
    moved = disk.AFFINE_RAS.copy()
    moved[0, 3] += 0.09
    image.set_sform(disk.AFFINE_RAS, 1)
    image.set_qform(moved, 1)
    nib.save(image, path)
    assert read_nifti_ct(path).source.notes == ()


def test_a_small_turn_is_noticed_at_the_far_corner(nii):
    image = nib.Nifti1Image(np.full((400, 2, 2), -1000, np.int16), np.eye(4))
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(0.01), -np.sin(0.01)], [np.sin(0.01), np.cos(0.01)]]
    image.set_sform(np.eye(4), 1)
    image.set_qform(turned, 1)
    nib.save(image, nii)
    assert "apart; the sform was taken" in read_nifti_ct(nii).source.notes[0]


def test_an_unusable_qform_is_noted(disk, nii):
    disk.edit(disk.save(nii), 256, floats(1, 1, 1))
    assert "qform of the header is unusable" in read_nifti_ct(nii).source.notes[0]


def test_no_form_at_all_is_refused(disk, path):
    with pytest.raises(GeometryError, match=r"a\.nii.* neither an sform nor .* qform"):
        read_nifti_ct(disk.save(path, sform=0, qform=0))


def test_an_empty_sform_is_refused_even_beside_a_qform(disk, nii):
    disk.edit(disk.save(nii), 280, bytes(48))
    with pytest.raises(GeometryError, match=r"singular.*export it again"):
        read_nifti_ct(nii)


def test_a_sheared_scan_is_refused(disk, nii):
    sheared = disk.AFFINE_RAS.copy()
    sheared[1, 2] = 1.0
    with pytest.raises(GeometryError, match="not at right angles"):
        read_nifti_ct(disk.save(nii, affine=sheared, qform=0))


def test_pixdim_that_contradicts_the_sform_is_refused(disk, nii):
    disk.edit(disk.save(nii, qform=0), 80, floats(1.4))
    with pytest.raises(
        GeometryError, match=r"pixdim .* 5 x 0.8 x 1.4 mm.* 5 x 0.8 x 0.7"
    ):
        read_nifti_ct(nii)


@pytest.mark.parametrize(("code", "name"), [(1, "metres"), (3, "micrometres")])
def test_other_units_than_millimetres_are_refused(disk, nii, code, name):
    disk.edit(disk.save(nii), 123, bytes([code]))
    with pytest.raises(GeometryError, match=f"in {name}"):
        read_nifti_ct(nii)


def test_an_unsaid_unit_is_millimetres(disk, nii):
    disk.edit(disk.save(nii), 123, bytes([0]))
    assert read_nifti_ct(nii).grid.spacing_mm_zyx == pytest.approx((5, 0.8, 0.7))


@pytest.mark.parametrize("scale", [1e-4, 1e3])
def test_voxels_of_an_impossible_size_are_refused(disk, nii, scale):
    affine = disk.AFFINE_RAS @ np.diag([scale, scale, scale, 1])
    with pytest.raises(GeometryError, match=r"cannot be a chest CT|singular"):
        read_nifti_ct(disk.save(nii, affine=affine))


# Shapes and types


@pytest.mark.parametrize("shape", [(6, 5, 4, 1), (6, 5, 4, 1, 1)])
def test_one_volume_with_more_axes_is_taken_with_a_note(disk, path, shape):
    ct = read_nifti_ct(disk.save(path, disk.HU.reshape(shape)))
    np.testing.assert_array_equal(ct.hu, disk.HU.transpose(2, 1, 0))
    assert f"{len(shape)} axes; its one volume was taken" in ct.source.notes[0]


def test_one_slice_is_a_volume_of_one_slice(disk, nii):
    ct = read_nifti_ct(disk.save(nii, disk.HU[:, :, 0]))
    np.testing.assert_array_equal(ct.hu, disk.HU[:, :, :1].transpose(2, 1, 0))


@pytest.mark.parametrize("shape", [(6, 5, 2, 2), (6, 5, 4, 1, 3)])
def test_several_volumes_are_refused(disk, path, shape):
    with pytest.raises(InputRefusedError, match="one volume with three axes is needed"):
        read_nifti_ct(disk.save(path, np.zeros(shape, np.int16)))


def test_colours_are_refused(disk, nii):
    colours = np.zeros((3, 3, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(InputRefusedError, match="the voxels are colours"):
        read_nifti_ct(disk.save(nii, colours))


def test_complex_numbers_are_refused(disk, nii):
    with pytest.raises(InputRefusedError, match="the voxels are complex64"):
        read_nifti_ct(disk.save(nii, disk.HU.astype(np.complex64)))
