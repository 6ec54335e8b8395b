from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QLabel

from covseg_core.labels import INFECTION
from covseg_core.volume import LesionMask
from napari_covseg._convert import mask_layer
from napari_covseg.widgets._volumes import VolumesView


@pytest.fixture
def view(qtbot, workplace) -> VolumesView:
    view = VolumesView()
    qtbot.addWidget(view)
    view.follow(workplace.editor)
    return view


def told(view: VolumesView) -> list[str]:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return [label.text() for label in view.findChildren(QLabel)]


def test_volumes_of_the_phantom_are_shown_in_ml(view):
    assert not view.isHidden()
    assert told(view) == [
        *("Ground-glass opacity", "50.0 ml"),
        *("Consolidation", "20.0 ml"),
        *("Total", "70.0 ml"),
    ]


def test_single_class_needs_no_total(view, workplace, phantom):
    one = (phantom.lesions.labels > 0).astype(np.uint8)
    mask = LesionMask(one, phantom.grid, INFECTION)
    data, arguments, _ = mask_layer(mask, "one class")
    layer = workplace.viewer.add_labels(data, **arguments)
    editor = workplace.session.edit(layer)
    view.follow(editor)
    assert told(view) == ["Infection", "70.0 ml"]
    editor.apply("Clear", np.zeros_like(one))
    assert told(view) == ["Infection", "0.0 ml"]


def test_volumes_follow_an_edit_and_its_undoing(view, workplace):
    workplace.editor.apply("Clear", np.zeros_like(workplace.mask.data))
    assert told(view)[-1] == "0.0 ml"
    workplace.editor.undo()
    assert told(view)[-1] == "70.0 ml"


def test_mask_that_is_followed_no_more_is_not_shown(view, workplace):
    view.follow(None)
    assert view.isHidden()
    assert told(view) == []
    workplace.editor.apply("Clear", np.zeros_like(workplace.mask.data))
    assert told(view) == []
