from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels, Layer
from qtpy.QtWidgets import QLabel

from covseg_core.labels import INFECTION
from covseg_core.volume import LesionMask
from napari_covseg._convert import mask_layer
from napari_covseg.widgets._volumes import VolumesView


@pytest.fixture
def view(qtbot) -> VolumesView:
    view = VolumesView()
    qtbot.addWidget(view)
    return view


def told(view: VolumesView) -> list[str]:
    return [label.text() for label in view.findChildren(QLabel)]


def test_volumes_of_the_phantom_are_shown_in_ml(view, phantom):
    view.follow(Layer.create(*mask_layer(phantom.lesions, "Infection")))
    assert told(view) == [
        *("Ground-glass opacity", "50.0 ml"),
        *("Consolidation", "20.0 ml"),
        *("Total", "70.0 ml"),
    ]


def test_single_class_needs_no_total(view, phantom):
    one = (phantom.lesions.labels > 0).astype(np.uint8)
    mask = LesionMask(one, phantom.grid, INFECTION)
    view.follow(Layer.create(*mask_layer(mask, "Infection")))
    assert told(view) == ["Infection", "70.0 ml"]


def test_volumes_follow_a_correction_and_its_undoing(view, phantom, qtbot):
    layer = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    view.follow(layer)
    layer.fill((7, 30, 25), 2)
    qtbot.waitUntil(lambda: "50.0 ml" not in told(view))
    layer.undo()
    qtbot.waitUntil(lambda: "50.0 ml" in told(view))


def test_forgotten_mask_is_shown_no_more(view, phantom, qtbot):
    view.follow(Layer.create(*mask_layer(phantom.lesions, "Infection")))
    view.forget()
    qtbot.waitUntil(lambda: told(view) == [])
    assert view.isHidden()


def test_mask_of_another_plugin_has_no_volumes(view):
    view.follow(Labels(np.ones((2, 2, 2), int)))
    assert view.isHidden()
