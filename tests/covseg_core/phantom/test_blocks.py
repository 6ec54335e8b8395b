from __future__ import annotations

import numpy as np
import pytest

from covseg_core.labels import Lesion, Lung
from covseg_core.phantom import make_block_phantom


@pytest.fixture(scope="module")
def blocks():
    return make_block_phantom()


def test_a_voxel_has_a_tenth_of_a_millilitre(blocks):
    # 8 x 5 x 2.5 mm
    assert blocks.grid.voxel_ml == pytest.approx(0.1)


def test_volumes_are_those_of_the_boxes(blocks):
    assert blocks.volumes_ml == pytest.approx(
        {
            "right_lung": 600,  # 10 x 24 x 25 voxels
            "left_lung": 400,  # 10 x 20 x 20 voxels
            "ggo": 50,  # 5 x 10 x 10 voxels
            "consolidation": 20,  # 4 x 5 x 10 voxels
        }
    )


def test_the_right_lung_is_on_the_patients_right(blocks):
    for side, sign in ((Lung.RIGHT, -1), (Lung.LEFT, 1)):
        voxels = np.argwhere(blocks.lungs.labels == side)
        x_mm = blocks.grid.world_mm(voxels)[:, 0]
        assert (np.sign(x_mm) == sign).all()


def test_each_lesion_lies_in_its_lung(blocks):
    lungs, lesions = blocks.lungs.labels, blocks.lesions.labels
    assert (lungs[lesions == Lesion.GGO] == Lung.RIGHT).all()
    assert (lungs[lesions == Lesion.CONSOLIDATION] == Lung.LEFT).all()


def test_each_tissue_has_one_value(blocks):
    hu, lungs, lesions = blocks.ct.hu, blocks.lungs.labels, blocks.lesions.labels
    assert set(np.unique(hu)) == {-1000, -850, -550, 20, 40}
    assert (hu[(lungs > 0) & (lesions == 0)] == -850).all()
    assert (hu[lesions == Lesion.GGO] == -550).all()
    assert (hu[lesions == Lesion.CONSOLIDATION] == 20).all()


def test_air_surrounds_the_body(blocks):
    edges = blocks.ct.hu.copy()
    edges[:, 1:-1, 1:-1] = -1000
    assert (edges == -1000).all()
