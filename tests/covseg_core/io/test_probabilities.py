from __future__ import annotations

import pickle

import nibabel as nib
import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.nifti import write_nifti_probabilities
from covseg_core.io.probabilities import (
    read_nifti_probabilities,
    read_npy_probabilities,
)
from covseg_core.volume import Grid

MAPS = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_maps_are_read_as_they_were_written(tmp_path, channels):
    affine = np.array(
        [[-0.8, 0.1, 0, 9], [0.1, 0.8, 0, -4], [0, 0, 3, 2], [0, 0, 0, 1.0]]
    )
    grid = Grid((3, 4, 5), affine)
    write_nifti_probabilities(tmp_path / "a_prob.nii.gz", MAPS[:channels], grid)
    maps, found = read_nifti_probabilities(tmp_path / "a_prob.nii.gz")
    np.testing.assert_array_equal(maps, MAPS[:channels])
    assert found.matches(grid)


def test_a_volume_without_a_fourth_axis_is_one_channel(tmp_path):
    image = nib.Nifti1Image(MAPS[0].T, np.eye(4))
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "a_prob.nii")
    maps, _ = read_nifti_probabilities(tmp_path / "a_prob.nii")
    np.testing.assert_array_equal(maps, MAPS[:1])


def test_a_slice_is_read_from_numpy(tmp_path):
    np.save(tmp_path / "a.npy", MAPS[:, 0])
    np.testing.assert_array_equal(
        read_npy_probabilities(tmp_path / "a.npy"), MAPS[:, 0]
    )


def test_rounding_is_clipped(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[[-1e-6, 1 + 1e-6]]]))
    assert read_npy_probabilities(tmp_path / "a.npy").tolist() == [[[0, 1]]]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.array([[[0.0, 255.0]]]), "lie between 0 and 255; probabilities"),
        (np.array([[[np.nan, 0.5]]]), "lie between nan and nan"),
        (np.zeros((4, 4)), "4 x 4 values of float64; numbers of shape"),
        (np.zeros((1, 2, 2), complex), "of complex128"),
        (np.zeros((0, 2, 2)), r"a\.npy"),
    ],
)
def test_what_is_no_probability_of_a_slice_is_refused(tmp_path, values, sentence):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputRefusedError, match=sentence):
        read_npy_probabilities(tmp_path / "a.npy")


def test_objects_are_never_unpickled(tmp_path):
    (tmp_path / "a.npy").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputRefusedError, match=r"a\.npy is not a readable"):
        read_npy_probabilities(tmp_path / "a.npy")


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 2, 2)))
    whole = (tmp_path / "a.npy").read_bytes()
    claim = whole.replace(b"(1, 2, 2), }   ", b"(1, 2, 2000), }")
    assert claim != whole
    (tmp_path / "a.npy").write_bytes(claim)
    with pytest.raises(InputRefusedError, match="not a readable"):
        read_npy_probabilities(tmp_path / "a.npy")


def test_a_damaged_or_placeless_volume_is_refused(tmp_path):
    path = tmp_path / "a_prob.nii.gz"
    with pytest.raises(InputRefusedError, match="could not be read"):
        read_nifti_probabilities(path)
    path.write_bytes(b"no nifti")
    with pytest.raises(InputRefusedError, match="not a readable probability map"):
        read_nifti_probabilities(path)
    nib.save(nib.Nifti1Image(MAPS.T[None], np.eye(4)), path)
    with pytest.raises(InputRefusedError, match="1 x 5 x 4 x 3 x 2 values; x, y, z"):
        read_nifti_probabilities(path)
    image = nib.Nifti1Image(MAPS.T, None)
    nib.save(image, path)
    with pytest.raises(GeometryError, match="neither an sform nor a usable qform"):
        read_nifti_probabilities(path)
