from __future__ import annotations

import numpy as np

from napari_covseg._tools.doubt import DOUBT_LAYER, doubt_picture, show_doubt


def test_picture_goes_from_sure_to_unsure():
    entropy = np.array([[[0.0, 0.5, 1.0]]], np.float32)
    picture = doubt_picture(entropy)
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[0, 128, 255]]]


def test_layer_lies_on_the_scan(workplace):
    picture = np.zeros(workplace.scan.data.shape, np.uint8)
    show_doubt(workplace.session, picture)
    layer = workplace.viewer.layers[DOUBT_LAYER]
    np.testing.assert_array_equal(layer.scale, workplace.scan.scale)
    np.testing.assert_array_equal(layer.translate, workplace.scan.translate)
    assert tuple(layer.contrast_limits) == (0, 255)


def test_second_one_takes_the_place_of_the_first(workplace):
    for value in (1, 2):
        picture = np.full(workplace.scan.data.shape, value, np.uint8)
        show_doubt(workplace.session, picture)
    (layer,) = (layer for layer in workplace.viewer.layers if DOUBT_LAYER in layer.name)
    assert layer.data.max() == 2


def test_brush_stays_on_the_mask(workplace):
    workplace.viewer.layers.selection.active = workplace.mask
    show_doubt(workplace.session, np.zeros(workplace.scan.data.shape, np.uint8))
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_nothing_is_shown_without_a_scan(workplace):
    shape = workplace.scan.data.shape
    workplace.viewer.layers.remove(workplace.scan)
    show_doubt(workplace.session, np.zeros(shape, np.uint8))
    assert DOUBT_LAYER not in workplace.viewer.layers
