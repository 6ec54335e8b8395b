"""A store that the block phantom goes into, with files to add."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels


@pytest.fixture
def store(tmp_path):
    """Where a store is made by the first scan."""
    return tmp_path / "store"


@pytest.fixture
def lesions(blocks, tmp_path):
    """The phantom's true mask as NIfTI."""
    write_nifti_labels(tmp_path / "lesions.nii.gz", blocks.lesions)
    return tmp_path / "lesions.nii.gz"


@pytest.fixture
def filled(covseg, store, scan, lesions):
    """A store with the phantom and its true mask."""
    answer = covseg("cases", "add", store, "--ct", scan, "--mask", lesions)
    assert answer.code == 0, answer.err
    return store


@pytest.fixture
def other_scan(blocks, tmp_path):
    """A scan that differs from the phantom in one voxel."""
    hu = blocks.ct.hu.copy()
    hu[0, 0, 0] += 1
    write_nifti_ct(tmp_path / "other.nii.gz", replace(blocks.ct, hu=hu))
    return tmp_path / "other.nii.gz"


@pytest.fixture
def picture(tmp_path):
    """One slice as a picture."""
    grey = np.arange(48 * 40, dtype=np.uint32).reshape(48, 40) % 251
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "slice.png")
    return tmp_path / "slice.png"


@pytest.fixture
def picture_mask(tmp_path):
    """Its mask: two rows of ground glass, one of consolidation, one of no class."""
    labels = np.zeros((48, 40), np.uint8)
    labels[4:6], labels[6], labels[7] = 1, 2, 255
    Image.fromarray(labels).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"
