from __future__ import annotations

import numpy as np
import pytest

from napari_covseg.widgets._undo_buttons import UndoButtons


@pytest.fixture
def undo(workplace, qtbot):
    undo = UndoButtons()
    qtbot.addWidget(undo)
    undo.follow(workplace.editor)
    return undo


def test_buttons_name_the_step_and_take_it_back_and_make_it_again(undo, workplace):
    before = workplace.mask.data.copy()
    workplace.editor.apply("Smooth", np.zeros_like(before))
    assert undo.undo_button.text() == "Undo: Smooth (Ctrl+Z)"
    assert not undo.redo_button.isEnabled()
    undo.undo_button.click()
    np.testing.assert_array_equal(workplace.mask.data, before)
    assert undo.redo_button.text() == "Redo: Smooth (Ctrl+Shift+Z)"
    assert not undo.undo_button.isEnabled()
    undo.redo_button.click()
    assert not workplace.mask.data.any()


def test_nothing_is_undone_while_the_mask_grows(undo, workplace):
    workplace.editor.apply("Smooth", np.zeros_like(workplace.mask.data))
    workplace.editor.lock()
    assert not undo.undo_button.isEnabled()
    workplace.editor.unlock()
    assert undo.undo_button.text() == "Undo: Smooth (Ctrl+Z)"
    assert undo.undo_button.isEnabled()


def test_there_is_nothing_to_undo_without_a_mask(undo, workplace):
    workplace.editor.apply("Smooth", np.zeros_like(workplace.mask.data))
    undo.follow(None)
    assert not undo.undo_button.isEnabled()
    undo.undo()
    undo.redo()
    assert not workplace.mask.data.any()
