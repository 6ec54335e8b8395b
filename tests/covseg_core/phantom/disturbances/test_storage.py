from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import INFECTION, Lesion
from covseg_core.phantom.disturbances import stored_otherwise
from covseg_core.volume import LesionMask

TURNS = [
    ((0, 1, 2), (True, False, False)),
    ((0, 1, 2), (False, True, True)),
    ((2, 0, 1), (False, True, False)),
    ((1, 2, 0), (True, True, True)),
]


def places(volume, where):
    """World positions of voxels, in an order that storage does not change."""
    found = volume.grid.world_mm(np.argwhere(where))
    return found[np.lexsort(found.T)]


@pytest.mark.parametrize(("order", "flips"), TURNS)
def test_each_voxel_stays_at_its_place_in_the_world(blocks, order, flips):
    turned = stored_otherwise(blocks.ct, order, flips)
    for hu in (-550, 20):
        np.testing.assert_allclose(
            places(turned, turned.hu == hu), places(blocks.ct, blocks.ct.hu == hu)
        )
    assert turned.hu.flags.c_contiguous


def test_the_shape_follows_the_order(blocks):
    turned = stored_otherwise(blocks.ct, (2, 0, 1), (False, True, False))
    assert turned.grid.shape == turned.hu.shape == (112, 20, 48)
    assert turned.grid.spacing_mm_zyx == (2.5, 8.0, 5.0)


def test_the_way_back_gives_the_same_scan(blocks):
    there = stored_otherwise(blocks.ct, (2, 0, 1), (True, False, True))
    back = stored_otherwise(there, (1, 2, 0), (False, True, True))
    np.testing.assert_array_equal(back.hu, blocks.ct.hu)
    assert back.grid.matches(blocks.ct.grid)


def test_a_mask_stays_what_it_is_and_lies_on_the_scan(blocks):
    mask = LesionMask(
        (blocks.lesions.labels > 0).astype(np.uint8), blocks.ct.grid, INFECTION
    )
    turned = stored_otherwise(mask, (1, 0, 2), (False, False, True))
    assert type(turned) is LesionMask
    assert turned.label_set is INFECTION
    turned.require_on(stored_otherwise(blocks.ct, (1, 0, 2), (False, False, True)))


def test_padding_turns_with_the_voxels(blocks):
    padding = blocks.lesions.labels == Lesion.GGO
    turned = stored_otherwise(
        replace(blocks.ct, padding=padding), (2, 1, 0), (True, False, False)
    )
    np.testing.assert_array_equal(turned.padding, turned.hu == -550)
