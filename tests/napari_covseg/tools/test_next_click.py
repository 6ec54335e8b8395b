from __future__ import annotations

from types import SimpleNamespace

import pytest

from napari_covseg._tools.next_click import NextClick


@pytest.fixture
def clicks(workplace):
    """A waiting click on the mask, whose brush is in hand, and where clicks went."""
    workplace.mask.mode = "paint"
    clicks = NextClick()
    places = []
    clicks.wait(workplace.mask, places.append)
    return SimpleNamespace(next=clicks, places=places)


def click(layer, position):
    for callback in list(layer.mouse_drag_callbacks):
        callback(layer, SimpleNamespace(position=position, type="mouse_press"))


def test_click_is_told_once_and_the_tool_comes_back(workplace, clicks):
    assert str(workplace.mask.mode) == "pan_zoom"
    click(workplace.mask, (1, 2, 3))
    assert clicks.places == [(1, 2, 3)]
    assert str(workplace.mask.mode) == "paint"
    assert not clicks.next.is_waiting


def test_another_tool_ends_the_waiting_and_stays_in_hand(workplace, clicks, qtbot):
    with qtbot.waitSignal(clicks.next.ended):
        workplace.mask.mode = "erase"
    assert not clicks.next.is_waiting
    assert str(workplace.mask.mode) == "erase"


def test_waiting_can_be_given_up(workplace, clicks):
    clicks.next.cancel()
    assert str(workplace.mask.mode) == "paint"
    assert clicks.next.cancel() is None
