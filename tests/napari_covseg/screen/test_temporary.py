from __future__ import annotations

import pytest

from napari_covseg._screen.temporary import TemporaryLayer


@pytest.fixture
def temporary(workplace):
    return TemporaryLayer(workplace.viewer)


def show(temporary, workplace):
    temporary.show((workplace.mask.data.copy(), {"name": "Marks"}, "labels"))
    return workplace.viewer.layers["Marks"]


def test_nobody_paints_on_it_and_the_brush_stays_on_the_mask(workplace, temporary):
    workplace.viewer.layers.selection.active = workplace.mask
    layer = show(temporary, workplace)
    assert not layer.editable
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_second_one_takes_place_and_name_of_the_first(workplace, temporary, qtbot):
    first = show(temporary, workplace)
    workplace.viewer.layers.selection.active = first
    second = show(temporary, workplace)
    assert second.name == "Marks"
    qtbot.waitUntil(lambda: first not in workplace.viewer.layers)
    assert second in workplace.viewer.layers
    assert workplace.viewer.layers.selection.active is second


def test_it_is_found_by_any_name(workplace, temporary, qtbot):
    show(temporary, workplace).name = "mine"
    temporary.remove()
    temporary.remove()
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)


def test_one_that_the_user_removed_is_not_missed(workplace, temporary, qtbot):
    workplace.viewer.layers.remove(show(temporary, workplace))
    temporary.remove()
    qtbot.wait(10)
    assert len(workplace.viewer.layers) == 2
