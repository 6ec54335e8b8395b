"""Miniature downloads: a chest of a few voxels, as NIfTI and as pictures.

The right lung is larger than the left one; ground glass lies in the right lung and
consolidation in the left one.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.collections import ReadOptions, find_collection
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.labels import LESIONS, LabelSet, Lung
from covseg_core.volume import CTVolume, Grid, LabelVolume

SHAPE = (4, 20, 24)
RIGHT, LEFT = np.s_[:, 4:16, 3:11], np.s_[:, 5:15, 14:20]
GGO, SOLID = np.s_[1:3, 8:12, 4:8], np.s_[2:4, 6:9, 15:18]
# The order of voxels that MedSeg's volumes have on disk, in LPS.
UPRIGHT = Grid.from_spacing(SHAPE, (6.0, 0.7, 0.7), (-8.0, -7.0, 3.0))
ANY = LabelSet("any", LESIONS.classes)


@pytest.fixture
def lesion_labels():
    """0, 1 ground glass of 32 voxels, 2 consolidation of 18."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[GGO], labels[SOLID] = 1, 2
    return labels


@pytest.fixture
def lung_labels():
    labels = np.zeros(SHAPE, np.uint8)
    labels[RIGHT], labels[LEFT] = Lung.RIGHT, Lung.LEFT
    return labels


@pytest.fixture
def make_ct():
    """A chest in HU that differs by its seed."""

    def make(seed=0, grid=UPRIGHT, is_hu=True):
        hu = np.full(SHAPE, 40, np.float32)
        hu[RIGHT] = hu[LEFT] = -850
        hu += np.random.default_rng(seed).integers(-20, 20, SHAPE)
        grey = np.clip((hu + 1000) / 5, 0, 255).round().astype(np.float32)
        return CTVolume(hu if is_hu else grey, grid, is_hu=is_hu)

    return make


@pytest.fixture
def put(tmp_path, make_ct):
    """Write files of a download by their path inside."""
    return Download(tmp_path / "download", make_ct)


@pytest.fixture
def read():
    """Read a whole collection, cases by their id."""

    def call(name, folder, **options):
        cases = find_collection(name).read(folder, ReadOptions(**options))
        return {case.case_id: case for case in cases}

    return call


class Download:
    """A folder that is laid out like a collection."""

    def __init__(self, root, make_ct):
        self.root, self._make_ct = root, make_ct
        root.mkdir()

    def _path(self, name):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def ct(self, name, seed=0, **facts):
        write_nifti_ct(self._path(name), self._make_ct(seed, **facts))

    def labels(self, name, labels, grid=UPRIGHT):
        write_nifti_labels(self._path(name), LabelVolume(labels, grid, ANY))

    def picture(self, name, seed=0):
        grey = np.random.default_rng(seed).integers(0, 256, (12, 10)).astype(np.uint8)
        Image.fromarray(grey).save(self._path(name))

    def mask(self, name, pixels):
        Image.fromarray(pixels).save(self._path(name))
