from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_covseg._screen.choice import ChoiceDialog

CHOICES = (("keep", "Keep", "Kept."), ("lose", "Lose", "Lost."), ("stay", "Stay", ""))


@pytest.fixture
def dialog(qtbot) -> ChoiceDialog:
    dialog = ChoiceDialog("Title", "What becomes of it?", CHOICES)
    qtbot.addWidget(dialog)
    dialog.answers = []
    dialog.chosen.connect(dialog.answers.append)
    dialog.open()
    return dialog


@pytest.mark.parametrize("number", range(3))
def test_each_button_gives_its_answer_once(dialog, number):
    dialog.buttons[number].click()
    assert dialog.answers == [CHOICES[number][0]]
    assert dialog.answer == CHOICES[number][0]
    assert not dialog.isVisible()


@pytest.mark.parametrize(
    ("key", "answer"), [(Qt.Key.Key_Escape, "stay"), (Qt.Key.Key_Return, "keep")]
)
def test_escape_goes_back_and_return_keeps(dialog, qtbot, key, answer):
    qtbot.keyClick(dialog, key)
    assert dialog.answers == [answer]
