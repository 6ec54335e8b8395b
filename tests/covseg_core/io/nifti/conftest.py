"""NIfTI files as other programs write them, and broken ones."""

from __future__ import annotations

from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

AFFINE_RAS = np.array(
    [[-0.7, 0, 0, 90.5], [0, -0.8, 0, 70.25], [0, 0, 5, -300], [0, 0, 0, 1.0]]
)
HU = np.random.default_rng(0).integers(-1000, 400, (6, 5, 4)).astype(np.int16)


def save(path, array=HU, affine=AFFINE_RAS, *, sform=1, qform=1, kind=nib.Nifti1Image):
    """Write with nibabel; each form has its code, 0 leaves it out."""
    image = kind(np.asarray(array), affine, dtype=np.asarray(array).dtype)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def edit(path, offset, content):
    """Overwrite bytes of an uncompressed file."""
    data = bytearray(path.read_bytes())
    data[offset : offset + len(content)] = content
    path.write_bytes(data)
    return path


@pytest.fixture(scope="session")
def disk():
    """Ways to put files on disk; `HU` is a CT as it lies there, (X, Y, Z)."""
    return SimpleNamespace(save=save, edit=edit, HU=HU, AFFINE_RAS=AFFINE_RAS)


@pytest.fixture(params=["a.nii", "a.nii.gz"])
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.fixture
def nii(tmp_path):
    return tmp_path / "ct.nii"
