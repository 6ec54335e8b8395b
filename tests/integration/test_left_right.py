"""A marker in the right lung stays there from DICOM to a mask that others read.

Neither end trusts our own geometry: the marker's place is worked out from the raw
DICOM elements, and the mask is read by nibabel.
"""

from __future__ import annotations

import itertools

import nibabel as nib
import numpy as np
import pydicom
import pytest

from covseg_core.cli.run import run
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.phantom import make_block_phantom
from covseg_core.volume import CTVolume, Grid

MARKER_HU = -550  # ground glass of the block phantom, in the right lung
FLIPS = list(itertools.product((False, True), repeat=3))


def flipped(ct, flips):
    """The same patient, its voxels stored backwards along some axes."""
    affine = ct.grid.affine_lps.copy()
    for axis, flip in enumerate(flips):
        if flip:
            column = 2 - axis
            affine[:3, 3] += affine[:3, column] * (ct.grid.shape[axis] - 1)
            affine[:3, column] *= -1
    axes = tuple(axis for axis, flip in enumerate(flips) if flip)
    return CTVolume(np.flip(ct.hu, axes).copy(), Grid(ct.grid.shape, affine))


def marker_by_hand(folder):
    """Median LPS position of the marker's voxels, by PS3.3 C.7.6.2.1.1."""
    places = []
    for path in folder.glob("*.dcm"):
        image = pydicom.dcmread(path)
        along_row, along_column = np.reshape(image.ImageOrientationPatient, (2, 3))
        row_step, column_step = (float(step) for step in image.PixelSpacing)
        hu = image.pixel_array * image.RescaleSlope + image.RescaleIntercept
        rows, columns = np.nonzero(hu == MARKER_HU)
        places.append(
            np.array(image.ImagePositionPatient, float)
            + np.outer(columns * column_step, along_row)
            + np.outer(rows * row_step, along_column)
        )
    return np.median(np.concatenate(places), axis=0)


def centre_by_nibabel(path, value):
    """Median LPS position of a label, as nibabel places it."""
    image = nib.load(path)
    indices = np.argwhere(np.asarray(image.dataobj) == value)
    ras = np.median(nib.affines.apply_affine(image.affine, indices), axis=0)
    return ras * (-1, -1, 1)


@pytest.mark.parametrize("flips", FLIPS)
def test_a_marker_in_the_right_lung_stays_there(flips, tmp_path):
    write_dicom_series(flipped(make_block_phantom().ct, flips), tmp_path / "ct")
    marker = marker_by_hand(tmp_path / "ct")
    assert marker[0] < -50  # LPS: negative x is the patient's right

    mask, lungs = tmp_path / "mask.nii.gz", tmp_path / "lungs.nii.gz"
    scan = str(tmp_path / "ct")
    assert run(["predict", scan, "-o", str(mask), "--model", "hu-threshold"]) == 0
    assert run(["lungs", scan, "-o", str(lungs)]) == 0

    # The smoothing of hu-threshold blurs the borders by a voxel.
    np.testing.assert_allclose(centre_by_nibabel(mask, 1), marker, atol=5)
    assert centre_by_nibabel(lungs, 1)[0] < -50
    assert centre_by_nibabel(lungs, 2)[0] > 20


@pytest.mark.parametrize("flips", FLIPS)
def test_the_converted_ct_has_the_marker_where_the_dicom_has_it(flips, tmp_path):
    write_dicom_series(flipped(make_block_phantom().ct, flips), tmp_path / "ct")
    out = tmp_path / "ct.nii.gz"
    assert run(["convert", str(tmp_path / "ct"), "-o", str(out)]) == 0
    np.testing.assert_allclose(
        centre_by_nibabel(out, MARKER_HU), marker_by_hand(tmp_path / "ct"), atol=1e-3
    )
