from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError
from covseg_core.phantom.disturbances import Room, placed_on, widened
from covseg_core.volume import Grid, LungMask


def test_a_picture_that_holds_the_room_stays(blocks):
    same = widened(blocks.ct, Room(-140, 100, -100, 100))
    assert same.grid.matches(blocks.grid)
    np.testing.assert_array_equal(same.hu, blocks.ct.hu)


def test_each_side_is_widened_by_whole_voxels(blocks):
    # The picture reaches from (-140, -120) to (137.5, 115) mm.
    wide = widened(blocks.ct, Room(-144, 140, -121, 126))
    assert wide.grid.shape == (20, 48 + 1 + 3, 112 + 2 + 1)
    assert wide.grid.origin_lps_mm == (-145, -125, -900)
    assert (wide.hu[:, 0] == -1000).all()


def test_what_was_seen_stays_at_its_place(blocks):
    wide = widened(blocks.ct, Room(-200, 200, -200, 200))
    for hu in (-550, 20):
        np.testing.assert_allclose(
            wide.grid.world_mm(np.argwhere(wide.hu == hu)),
            blocks.grid.world_mm(np.argwhere(blocks.ct.hu == hu)),
        )


def test_padding_is_air_in_a_wider_picture(blocks):
    hu, padding = blocks.ct.hu.copy(), np.zeros(blocks.grid.shape, bool)
    hu[:, 0], hu[:, 1], padding[:, 1] = -2000, -1010, True
    wide = widened(replace(blocks.ct, hu=hu, padding=padding), Room())
    assert (wide.hu[:, :2] == -1000).all()
    assert wide.padding is None


def test_a_mask_goes_along(blocks):
    wide = widened(blocks.ct, Room(-200, 200, -200, 200))
    lungs = placed_on(blocks.lungs, wide.grid)
    assert type(lungs) is LungMask
    lungs.require_on(wide)
    assert lungs.volumes_ml == blocks.lungs.volumes_ml
    np.testing.assert_allclose(
        lungs.grid.world_mm(np.argwhere(lungs.labels == 1)),
        blocks.grid.world_mm(np.argwhere(blocks.lungs.labels == 1)),
    )


@pytest.mark.parametrize(
    "grid",
    [
        Grid.from_spacing((20, 48, 112), (8.0, 5.0, 2.5), (-138.75, -120.0, -900.0)),
        Grid.from_spacing((20, 48, 111), (8.0, 5.0, 2.5), (-140.0, -120.0, -900.0)),
        Grid.from_spacing((20, 48, 300), (8.0, 5.0, 1.25), (-140.0, -120.0, -900.0)),
    ],
    ids=["between voxels", "too small", "other voxels"],
)
def test_a_grid_that_does_not_hold_the_voxels_is_refused(blocks, grid):
    with pytest.raises(GeometryError, match="does not fit into a grid"):
        placed_on(blocks.lungs, grid)
