from __future__ import annotations

import numpy as np
import pytest

from napari_covseg._tools.doubt import DOUBT_LAYER, DoubtLayer, doubt_picture


@pytest.fixture(autouse=True)
def doubt(workplace):
    return DoubtLayer.of(workplace.session)


def show(workplace, qtbot, value=0):
    picture = np.full(workplace.scan.data.shape, value, np.uint8)
    workplace.session.set_doubt((0.5,), picture)
    qtbot.waitUntil(lambda: shown(workplace) == [value])
    return workplace.viewer.layers[DOUBT_LAYER]


def shown(workplace):
    """Give the highest value of each layer over scan and mask."""
    own = (workplace.scan, workplace.mask)
    return [layer.data.max() for layer in workplace.viewer.layers if layer not in own]


def test_picture_goes_from_sure_to_unsure():
    entropy = np.array([[[0.0, 0.5, 1.0]]], np.float32)
    picture = doubt_picture(entropy)
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[0, 128, 255]]]


def test_layer_lies_on_the_scan(workplace, qtbot):
    layer = show(workplace, qtbot)
    np.testing.assert_array_equal(layer.scale, workplace.scan.scale)
    np.testing.assert_array_equal(layer.translate, workplace.scan.translate)
    assert tuple(layer.contrast_limits) == (0, 255)


def test_second_one_takes_the_place_of_the_first(workplace, qtbot):
    for value in (1, 2):
        assert show(workplace, qtbot, value).name == DOUBT_LAYER


def test_brush_stays_on_the_mask(workplace, qtbot):
    workplace.viewer.layers.selection.active = workplace.mask
    show(workplace, qtbot)
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_renamed_one_leaves_with_its_scan(workplace, qtbot):
    show(workplace, qtbot).name = "mine"
    workplace.session.choose_scan(None)
    qtbot.waitUntil(lambda: not shown(workplace))


def test_second_dock_goes_on_with_the_layer(workplace, doubt):
    assert DoubtLayer.of(workplace.session) is doubt


def test_what_is_sure_stays_visible_and_what_is_not_covers_bright_tissue(
    workplace, qtbot
):
    layer = show(workplace, qtbot)
    sure, unsure = layer.colormap.map([0.0, 1.0])
    assert (sure[3], unsure[3]) == (0, 1)
    # Light that is added to white tissue could not be seen.
    assert layer.blending.startswith("translucent")
