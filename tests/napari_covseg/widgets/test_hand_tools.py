from __future__ import annotations

import pytest

from napari_covseg.widgets._hand_tools import HandTools


@pytest.fixture
def hand(workplace, qtbot):
    hand = HandTools()
    qtbot.addWidget(hand)
    hand.follow(workplace.mask)
    return hand


MODES = {
    "brush": "paint",
    "eraser": "erase",
    "polygon": "polygon",
    "fill": "fill",
    "pick": "pick",
    "move": "pan_zoom",
}


@pytest.mark.parametrize(("tool", "mode"), MODES.items())
def test_button_takes_its_tool(hand, workplace, tool, mode):
    hand.buttons[tool].click()
    assert str(workplace.mask.mode) == mode
    assert [name for name in MODES if hand.buttons[name].isChecked()] == [tool]


def test_tool_chosen_in_napari_is_shown(hand, workplace):
    workplace.mask.mode = "erase"
    assert hand.buttons["eraser"].isChecked()


@pytest.mark.parametrize(
    ("asked_mm", "voxels"), [(2.5, 1), (7.0, 3), (12.5, 5), (0.1, 1)]
)
def test_brush_is_as_wide_as_asked_to_the_nearest_odd_voxel(
    hand, workplace, asked_mm, voxels
):
    hand.size.setValue(asked_mm)
    # Columns, the finest side of a pixel, are 2.5 mm.
    assert workplace.mask.brush_size == voxels
    assert hand.size.value() == voxels * 2.5


def test_brush_grows_and_shrinks_by_a_voxel_on_each_side(hand, workplace):
    hand.size.setValue(7.5)
    hand.step_size(1)
    assert hand.size.value() == 12.5
    hand.step_size(-1)
    hand.step_size(-1)
    hand.step_size(-1)
    assert hand.size.value() == 2.5


def test_brush_resized_in_napari_is_shown_in_mm(hand, workplace):
    workplace.mask.brush_size = 4
    assert hand.size.value() == 10


def test_brush_is_flat_or_a_ball(hand, workplace):
    assert workplace.mask.n_edit_dimensions == 2
    hand.volume.click()
    assert workplace.mask.n_edit_dimensions == 3
    workplace.mask.n_edit_dimensions = 2
    assert not hand.volume.isChecked()


def test_polygon_is_flat(hand, workplace):
    hand.volume.click()
    hand.buttons["polygon"].click()
    assert workplace.mask.n_edit_dimensions == 2
    hand.volume.click()
    assert hand.buttons["brush"].isChecked()
    assert workplace.mask.n_edit_dimensions == 3


def test_locked_mask_offers_no_tools(hand, workplace):
    workplace.editor.lock()
    assert not hand.buttons["brush"].isEnabled()
    hand.choose("brush")
    assert str(workplace.mask.mode) == "pan_zoom"
    workplace.editor.unlock()
    assert hand.buttons["brush"].isEnabled()


def test_every_control_shows_its_key_and_has_a_tooltip(hand):
    assert hand.buttons["brush"].text() == "Brush (B)"
    for control in (*hand.buttons.values(), hand.size, hand.volume):
        assert control.toolTip()


def test_layer_that_is_no_longer_followed_changes_nothing(hand, workplace):
    hand.follow(None)
    workplace.mask.mode = "erase"
    assert not hand.buttons["eraser"].isChecked()
    hand.choose("brush")
    hand.step_size(1)
    assert str(workplace.mask.mode) == "erase"
