from __future__ import annotations

import numpy as np
import pytest

from napari_covseg.widgets._class_buttons import ClassButtons


@pytest.fixture
def classes(workplace, qtbot):
    classes = ClassButtons()
    qtbot.addWidget(classes)
    classes.follow(workplace.editor)
    return classes


def test_each_class_has_a_button_with_its_key_and_its_volume(classes):
    titles = [button.text() for button in classes.buttons.values()]
    assert titles == ["Ground-glass opacity (1)", "Consolidation (2)"]
    assert [label.text() for label in classes.amounts.values()] == [
        "50.0 ml",
        "20.0 ml",
    ]
    assert all(button.toolTip() for button in classes.buttons.values())


def test_clicked_class_is_painted(classes, workplace):
    classes.buttons[2].click()
    assert workplace.mask.selected_label == 2
    assert classes.value == 2


def test_class_chosen_in_napari_is_shown(classes, workplace):
    workplace.mask.selected_label = 2
    assert classes.buttons[2].isChecked()
    assert not classes.buttons[1].isChecked()


@pytest.mark.parametrize("meaningless", [0, 3])
def test_value_without_a_meaning_is_not_accepted(classes, workplace, meaningless):
    classes.choose(2)
    workplace.mask.selected_label = meaningless
    assert workplace.mask.selected_label == 2
    assert classes.value == 2


def test_volumes_follow_the_edits(classes, workplace):
    labels = workplace.mask.data.copy()
    labels[labels == 1] = 2
    workplace.editor.apply("Change", labels)
    assert classes.amounts[1].text() == "0.0 ml"
    assert classes.amounts[2].text() == "70.0 ml"


def test_without_a_mask_there_is_nothing_to_choose(classes, workplace):
    classes.follow(None)
    assert classes.buttons == {}
    assert classes.value == 0
    classes.choose(1)
    workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))
