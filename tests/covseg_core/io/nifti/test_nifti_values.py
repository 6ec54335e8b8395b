from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct, read_nifti_labels
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.volume import LesionMask, LungMask


def floats(*values):
    return np.array(values, "<f4").tobytes()


# Values


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_become_air_outside_statistics(disk, path, bad):
    array = disk.HU.astype(np.float32)
    array[0, 1, 2] = bad
    ct = read_nifti_ct(disk.save(path, array))
    assert ct.hu[2, 1, 0] == -1000
    assert ct.padding is not None
    assert ct.padding.sum() == 1
    assert ct.padding[2, 1, 0]
    assert "1 voxels were NaN or infinite" in ct.source.notes[0]


def test_a_scan_of_nothing_but_nan_is_refused(disk, nii):
    with pytest.raises(InputRefusedError, match="no voxel holds a number"):
        read_nifti_ct(disk.save(nii, np.full((2, 2, 2), np.nan, np.float32)))


@pytest.mark.parametrize("padding", [-2000, -2048, -3024])
def test_voxels_outside_the_field_of_view_become_air(disk, nii, padding):
    array = disk.HU.copy()
    array[0] = padding
    ct = read_nifti_ct(disk.save(nii, array))
    assert (ct.hu[:, :, 0] == -1000).all()
    assert ct.padding is not None
    assert ct.padding.sum() == 20
    assert "outside the field of view" in ct.source.notes[0]


def test_values_from_0_to_255_are_a_windowed_image(disk, path):
    grey = np.arange(120, dtype=np.uint8).reshape(6, 5, 4) * 2
    ct = read_nifti_ct(disk.save(path, grey))
    assert not ct.is_hu
    np.testing.assert_array_equal(ct.hu, grey.transpose(2, 1, 0))
    assert "windowed image" in ct.source.notes[0]


def test_a_ct_without_its_offset_is_noted(disk, nii):
    ct = read_nifti_ct(disk.save(nii, (disk.HU + 1024).astype(np.uint16)))
    assert ct.is_hu
    assert "offset, often -1024, may be missing" in ct.source.notes[0]


def test_a_ct_that_shows_no_lung_is_noted(disk, nii):
    ct = read_nifti_ct(disk.save(nii, (disk.HU // 8).astype(np.int8)))
    assert ct.is_hu
    assert "No value is below -125 HU although" in ct.source.notes[0]


def test_a_ct_that_shows_lung_is_not_noted(disk, nii):
    assert read_nifti_ct(disk.save(nii, np.maximum(disk.HU, -600))).source.notes == ()


def test_an_intercept_without_slope_is_not_applied_and_noted(disk, nii):
    ct = read_nifti_ct(disk.edit(disk.save(nii), 112, floats(0.0, -1024.0)))
    np.testing.assert_array_equal(ct.hu, disk.HU.transpose(2, 1, 0))
    assert "intercept of -1024 but no slope" in ct.source.notes[0]


@pytest.mark.parametrize("scale", [(np.inf, 0.0), (1.0, np.nan), (2.0, np.inf)])
def test_a_scale_that_is_no_number_is_refused(disk, nii, scale):
    with pytest.raises(InputRefusedError, match="cannot be scaled"):
        read_nifti_ct(disk.edit(disk.save(nii), 112, floats(*scale)))


def test_implausible_values_are_refused(disk, nii):
    array = np.full((3, 3, 3), 47_609, np.int32)
    with pytest.raises(InputRefusedError, match="mean of the values is 47609"):
        read_nifti_ct(disk.save(nii, array))


@pytest.mark.parametrize("largest", [1, 2])
def test_a_mask_is_not_taken_for_a_ct(disk, nii, largest):
    mask = np.zeros((3, 3, 3), np.uint8)
    mask[1] = largest
    with pytest.raises(InputRefusedError, match="a mask or a normalised image"):
        read_nifti_ct(disk.save(nii, mask))


@pytest.mark.parametrize(
    ("low", "high"), [(-1, 1), (-2.5, 6), (-0.5, 0.5), (-128, -29)]
)
def test_a_normalised_image_is_not_taken_for_a_ct(disk, nii, low, high):
    image = np.linspace(low, high, 120, dtype=np.float32).reshape(6, 5, 4)
    with pytest.raises(InputRefusedError, match=f"between {low:g} and {high:g}"):
        read_nifti_ct(disk.save(nii, image))


@pytest.mark.parametrize(("low", "high"), [(-1000, -1000), (-200, -110), (-150, -50)])
def test_a_ct_may_show_little(disk, nii, low, high):
    image = np.linspace(low, high, 120, dtype=np.float32).reshape(6, 5, 4)
    assert read_nifti_ct(disk.save(nii, image)).is_hu


def test_a_value_beyond_float32_is_cleaned(disk, nii):
    array = disk.HU.astype(np.float64)
    array[0, 0, 0] = 1e300
    assert read_nifti_ct(disk.save(nii, array)).hu[0, 0, 0] == -1000


# Masks


@pytest.mark.parametrize(
    ("label_set", "kind"),
    [(LESIONS, LesionMask), (INFECTION, LesionMask), (LUNGS, LungMask)],
)
def test_a_mask_is_of_the_kind_that_its_labels_say(disk, path, label_set, kind):
    array = np.zeros((6, 5, 4), np.uint8)
    array[1, 2, 3] = max(label_set.values)
    mask = read_nifti_labels(disk.save(path, array), label_set)
    assert type(mask) is kind
    assert mask.label_set is label_set
    assert mask.labels.dtype == np.uint8
    np.testing.assert_array_equal(mask.labels, array.transpose(2, 1, 0))


def test_float_labels_just_off_whole_are_rounded_and_said(disk, path):
    array = np.zeros((6, 5, 4), np.float32)
    array[1] = 2.0000002
    mask = read_nifti_labels(disk.save(path, array), LESIONS)
    assert set(np.unique(mask.labels)) == {0, 2}
    assert "were rounded" in mask.source.notes[0]


def test_int64_labels_are_read(disk, path):
    array = np.zeros((6, 5, 4), np.int64)
    array[1] = 2
    image = nib.Nifti1Image(array, disk.AFFINE_RAS, dtype=np.int64)
    nib.save(image, path)
    assert read_nifti_labels(path, LESIONS).volumes_ml["consolidation"] > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_mask_with_what_is_no_number_is_refused(disk, path, bad):
    array = np.ones((6, 5, 4), np.float32)
    array[0, 0, 0] = bad
    with pytest.raises(InputRefusedError, match=rf"values {bad}; .* only 0, 1, 2\."):
        read_nifti_labels(disk.save(path, array), LESIONS)


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "3"), (-1, "-1"), (0.4, "0.4"), (257, "257"), (255, "255")]
)
def test_other_values_than_those_of_the_set_are_refused(disk, path, value, shown):
    array = np.zeros((6, 5, 4), np.float32)
    array[2] = value
    with pytest.raises(InputRefusedError, match=rf"values {shown}; .* only 0, 1, 2\."):
        read_nifti_labels(disk.save(path, array), LESIONS)


def test_unknown_infection_passes_only_where_training_asks_for_it(disk, path):
    array = np.zeros((6, 5, 4), np.uint8)
    array[2] = 255
    mask = read_nifti_labels(disk.save(path, array), LESIONS, allow_unknown=True)
    assert (mask.labels == 255).sum() == 20
