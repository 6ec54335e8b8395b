from __future__ import annotations

import numpy as np
import pytest

from napari_covseg._screen.slices import (
    bring_into_view,
    is_axial,
    show_slice,
    shown_slice,
    voxel_at,
)


@pytest.mark.parametrize("number", [0, 7, 19])
def test_slice_that_was_asked_for_is_shown(workplace, number):
    show_slice(workplace.viewer, workplace.mask, number)
    assert shown_slice(workplace.viewer, workplace.mask) == number
    assert workplace.viewer.dims.current_step[0] == number


def test_slice_is_counted_in_the_mask_although_another_layer_is_longer(workplace):
    workplace.viewer.add_image(
        np.zeros((100, 4, 4)), scale=(4, 5, 2.5), translate=(-300, 0, 0)
    )
    show_slice(workplace.viewer, workplace.mask, 3)
    assert shown_slice(workplace.viewer, workplace.mask) == 3


def test_beyond_the_mask_its_last_slice_counts(workplace):
    workplace.viewer.add_image(np.zeros((100, 4, 4)), scale=(8, 5, 2.5))
    workplace.viewer.dims.set_point(0, 10_000)
    assert shown_slice(workplace.viewer, workplace.mask) == 19


def test_only_axial_slices_are_axial(workplace):
    dims = workplace.viewer.dims
    assert is_axial(workplace.viewer)
    dims.order = (1, 0, 2)
    assert not is_axial(workplace.viewer)
    dims.order = (0, 1, 2)
    dims.ndisplay = 3
    assert not is_axial(workplace.viewer)


def test_voxel_is_found_at_its_place_in_the_viewer(workplace):
    position = workplace.mask.data_to_world((6.2, 24.9, 20.4))
    assert voxel_at(workplace.mask, position) == (6, 25, 20)


def test_scan_is_brought_into_view_beside_a_time_series(workplace):
    workplace.viewer.add_image(np.zeros((4, 10, 20, 20)), translate=(0, 9999, 0, 0))
    workplace.viewer.dims.set_point((0, 1), (2, 9999))
    bring_into_view(workplace.viewer, workplace.scan)
    low, high = workplace.scan.extent.world
    assert low[0] <= workplace.viewer.dims.point[1] <= high[0]
    assert workplace.viewer.dims.point[0] == 2
