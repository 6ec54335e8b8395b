from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_covseg._screen.upright import keep_upright

ON_SCREEN = {
    "right": (1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "towards": (0, 0, 1),
    "away": (0, 0, -1),
}
"""Where napari's words point: to the right, up, and out of the screen."""


@pytest.fixture
def viewer() -> ViewerModel:
    viewer = ViewerModel()
    keep_upright(viewer)
    viewer.add_image(np.zeros((4, 6, 8)))
    return viewer


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_patient_is_not_mirrored(viewer, order):
    viewer.dims.order = order
    pointing = viewer.scene.camera.orientation
    # Axes of the patient, to the left, to the back and to the head, on screen.
    x, y, z = (ON_SCREEN[pointing[order.index(axis)]] for axis in (2, 1, 0))
    assert tuple(np.cross(x, y)) == z


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_head_is_at_the_top_and_the_front_too(viewer, order):
    viewer.dims.order = order
    assert viewer.scene.camera.orientation2d[0] == ("up" if order[1] == 0 else "down")


def test_axes_before_the_scan_change_nothing(viewer):
    viewer.add_image(np.zeros((2, 4, 6, 8)))
    viewer.dims.order = (0, 2, 1, 3)
    assert viewer.scene.camera.orientation2d[0] == "up"


def test_picture_is_not_turned_over(viewer):
    viewer.layers.clear()
    viewer.add_image(np.zeros((6, 8)))
    viewer.dims.order = (1, 0)
    assert viewer.scene.camera.orientation2d[0] == "down"
