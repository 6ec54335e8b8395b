from __future__ import annotations

import pytest
from qtpy.QtWidgets import QLabel

from napari_covseg.widgets._folded import Fold


@pytest.fixture
def fold(qtbot) -> Fold:
    fold = Fold("More options", QLabel("inside"), hint="Alt+3")
    qtbot.addWidget(fold)
    fold.show()
    return fold


def test_content_is_hidden_until_the_title_is_clicked(fold):
    assert not fold.content.isVisible()
    assert not fold.is_open
    fold.button.click()
    assert fold.content.isVisible()
    assert fold.is_open


def test_arrow_tells_whether_it_is_open(fold):
    assert fold.button.text() == "▸  More options"
    fold.unfold()
    assert fold.button.text() == "▾  More options"
    fold.fold()
    assert fold.button.text() == "▸  More options"


def test_unfolding_twice_stays_open(fold):
    fold.unfold()
    fold.unfold()
    assert fold.is_open


def test_opening_and_closing_is_told(fold):
    told = []
    fold.toggled.connect(told.append)
    fold.button.click()
    fold.button.click()
    assert told == [True, False]


def test_hint_stands_in_the_title_and_lets_the_click_through(fold, qtbot):
    (hint,) = fold.button.findChildren(QLabel)
    assert hint.text() == "Alt+3"
    assert fold.button.childAt(hint.geometry().center()) is None


def test_title_can_be_reached_and_opened_by_keyboard(fold, qtbot):
    fold.button.setFocus()
    qtbot.keyClick(fold.button, " ")
    assert fold.is_open
