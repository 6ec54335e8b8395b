from __future__ import annotations

from napari_covseg._screen.removal import remove_soon


def test_layer_is_hidden_at_once_and_gone_soon(workplace, qtbot):
    remove_soon(workplace.viewer, workplace.mask)
    assert not workplace.mask.visible
    assert workplace.mask in workplace.viewer.layers
    qtbot.waitUntil(lambda: workplace.mask not in workplace.viewer.layers)


def test_layer_that_takes_its_place_gets_its_name(workplace, qtbot):
    remove_soon(workplace.viewer, workplace.mask)
    after = workplace.viewer.add_labels(workplace.mask.data, name="Infection")
    assert after.name == "Infection"
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert after in workplace.viewer.layers
