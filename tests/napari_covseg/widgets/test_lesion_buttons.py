from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from covseg_core.editing.tools import Spot
from napari_covseg.widgets._lesion_buttons import LesionButtons


@pytest.fixture
def ran(workplace):
    """What the tools that were handed over make of the mask."""
    return []


@pytest.fixture
def lesions(workplace, qtbot, ran):
    def run(tool, settings):
        spot = Spot(workplace.mask.data, (8.0, 5.0, 2.5), 2, 0)
        ran.append(tool.run(spot, settings))

    lesions = LesionButtons(workplace.viewer, run, lambda: 2)
    qtbot.addWidget(lesions)
    lesions.follow(workplace.editor)
    return lesions


def click(workplace, voxel):
    event = SimpleNamespace(
        position=workplace.mask.data_to_world(voxel), type="mouse_press"
    )
    for callback in list(workplace.mask.mouse_drag_callbacks):
        callback(workplace.mask, event)


def counts(labels):
    return [int(count) for count in np.bincount(labels.ravel(), minlength=3)[1:]]


def test_clicked_lesion_gets_the_chosen_class(lesions, workplace, ran):
    lesions.relabel_button.click()
    assert lesions.relabel_button.isChecked()
    click(workplace, (8, 30, 25))
    assert counts(ran[0]) == [0, 700]
    assert not lesions.relabel_button.isChecked()


def test_clicked_lesion_is_erased(lesions, workplace, ran):
    lesions.erase_button.click()
    click(workplace, (8, 30, 78))
    assert counts(ran[0]) == [500, 0]


def test_key_works_on_the_lesion_under_the_pointer(lesions, workplace, ran):
    workplace.viewer.cursor.position = workplace.mask.data_to_world((8, 30, 25))
    lesions.at_pointer(erases=True, in_slice=True)
    lesions.at_pointer(erases=False, in_slice=False)
    assert counts(ran[0]) == [400, 200]
    assert counts(ran[1]) == [0, 700]


def test_button_that_is_pressed_again_no_longer_waits(lesions, workplace, ran):
    lesions.erase_button.click()
    lesions.erase_button.click()
    click(workplace, (8, 30, 78))
    assert ran == []


def test_only_one_button_waits(lesions, workplace, ran):
    lesions.erase_button.click()
    lesions.relabel_button.click()
    assert not lesions.erase_button.isChecked()
    click(workplace, (8, 30, 25))
    assert counts(ran[0]) == [0, 700]
    assert len(ran) == 1


def test_locked_mask_is_left_alone(lesions, workplace):
    workplace.editor.lock()
    lesions.erase_button.click()
    assert not lesions.erase_button.isChecked()
    assert not lesions.isEnabled()
    workplace.editor.unlock()
    assert lesions.isEnabled()
