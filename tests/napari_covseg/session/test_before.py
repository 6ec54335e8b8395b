from __future__ import annotations

import numpy as np
import pytest

from napari_covseg._session.before import Before


@pytest.fixture
def before(workplace):
    return Before(workplace.viewer, workplace.editor)


def as_opened(workplace):
    return workplace.viewer.layers["Infection as opened"]


def erase_everything(workplace):
    workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))


def test_mask_is_seen_as_it_was_opened_and_nothing_of_it_changes(workplace, before):
    opened = workplace.mask.data.copy()
    erase_everything(workplace)
    before.show()
    np.testing.assert_array_equal(as_opened(workplace).data, opened)
    assert not workplace.mask.visible
    assert not workplace.mask.data.any()


@pytest.mark.parametrize("visible", [True, False])
def test_hidden_mask_comes_back_as_it_was_shown(workplace, before, visible, qtbot):
    workplace.mask.mode = "paint"
    workplace.mask.visible = visible
    before.show()
    assert not as_opened(workplace).editable
    assert not workplace.mask.editable
    before.hide()
    assert workplace.mask.visible is visible
    assert workplace.mask.editable
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_tool_in_hand_comes_back(workplace, before):
    workplace.mask.mode = "erase"
    before.show()
    before.hide()
    assert str(workplace.mask.mode) == "erase"


def test_mask_keeps_its_keys_meanwhile(workplace, before):
    before.show()
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_an_edit_brings_the_mask_back(workplace, before):
    before.show()
    erase_everything(workplace)
    assert not before.is_shown
    assert workplace.mask.visible


def test_removing_the_shown_layer_brings_the_mask_back(workplace, before):
    before.show()
    workplace.viewer.layers.remove(as_opened(workplace))
    assert not before.is_shown
    assert workplace.mask.visible
    assert workplace.mask.editable


def test_mask_that_a_run_had_locked_stays_locked(workplace, before):
    workplace.editor.lock()
    before.show()
    before.hide()
    assert workplace.editor.is_locked


def test_looking_while_the_mask_grows_is_no_edit(workplace, before):
    workplace.editor.lock()
    workplace.mask.data[0] = 1
    before.show()
    before.hide()
    assert workplace.editor.undo_title is None
    assert workplace.editor.is_saved


def test_mask_stays_locked_if_the_run_ends_first(workplace, before):
    workplace.editor.lock()
    before.show()
    workplace.editor.unlock()
    assert not workplace.mask.editable
    before.hide()
    assert workplace.mask.editable


def test_run_that_begins_meanwhile_keeps_its_lock(workplace, before):
    before.show()
    workplace.editor.lock()
    before.hide()
    assert not workplace.mask.editable


def test_undo_brings_the_mask_back(workplace, before):
    erase_everything(workplace)
    before.show()
    workplace.editor.undo()
    assert not before.is_shown
    assert workplace.mask.data.any()


def test_showing_and_hiding_twice_does_no_harm(workplace, before, qtbot):
    before.show()
    before.show()
    assert len(workplace.viewer.layers) == 3
    before.hide()
    before.hide()
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)


def test_layers_can_be_removed_together(workplace, before):
    before.show()
    workplace.session.mask_changed.connect(before.hide)
    # As napari does with layers that are selected: each one must be there.
    for layer in list(workplace.viewer.layers):
        workplace.viewer.layers.remove(layer)
