from __future__ import annotations

import numpy as np
from napari.layers import Labels

from covseg_core.labels import INFECTION, LESIONS
from napari_covseg._layer_styles import MaskStyle, place_like


def test_classes_have_their_colours_and_background_is_clear():
    colormap = MaskStyle(LESIONS).colormap
    for label in LESIONS.classes:
        np.testing.assert_allclose(
            colormap.map(label.value)[:3], label.colour, atol=1e-6
        )
    assert colormap.map(0)[3] == 0


def test_value_without_a_class_is_grey():
    red, green, blue, solid = MaskStyle(INFECTION).colormap.map(2)
    assert red == green == blue
    assert solid == 1


def test_status_bar_names_the_class_under_the_cursor():
    data = np.zeros((1, 3, 3), np.uint8)
    data[0, 1] = 2
    data[0, 2] = 255
    layer = Labels(data, **MaskStyle(LESIONS).as_kwargs())
    told = [layer.get_status((0, row, 0))["value"] for row in range(3)]
    assert "Background" in told[0]
    assert "Consolidation" in told[1]
    assert "class unknown" in told[2]


def test_layer_lies_on_another_voxel_on_voxel(workplace):
    scan = workplace.scan
    layer = Labels(np.zeros(scan.data.shape, np.uint8), **place_like(scan))
    for voxel in ((0, 0, 0), (3, 4, 5)):
        np.testing.assert_array_equal(
            layer.data_to_world(voxel), scan.data_to_world(voxel)
        )
    assert layer.units == scan.units
    assert layer.axis_labels == scan.axis_labels
