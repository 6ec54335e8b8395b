from __future__ import annotations

import numpy as np
import pytest
from app_model.types import KeyBinding
from napari.layers import Labels

from napari_covseg._tools.keys import SHORTCUTS, Shortcut, bind_shortcuts, class_key


@pytest.fixture
def layer() -> Labels:
    return Labels(np.zeros((2, 3, 4), np.uint8))


def press(layer, key):
    layer.keymap[KeyBinding.from_str(key)](layer)


def test_no_two_actions_share_a_key():
    keys = [shortcut.key for shortcut in SHORTCUTS.values()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("key", "shown"), [("B", "B"), ("[", "["), ("Shift-R", "Shift+R")]
)
def test_key_is_shown_as_it_is_written(qapp, key, shown):
    assert Shortcut(key, "", "").shown == shown


def test_keys_do_what_their_actions_say(layer):
    done = []
    actions = {name: lambda name=name: done.append(name) for name in SHORTCUTS}
    bind_shortcuts(layer, actions)
    press(layer, "B")
    press(layer, "Ctrl+Shift+Z")
    press(layer, "Shift+Up")
    assert done == ["brush", "redo", "copy_below"]


def test_class_has_the_key_of_its_value_up_to_nine():
    assert [class_key(value) for value in (1, 9, 10)] == ["1", "9", ""]


@pytest.mark.parametrize("key", ["=", "-", "3", "7"])
def test_keys_that_would_harm_a_mask_do_nothing(layer, key):
    bind_shortcuts(layer, {"1": lambda: None})
    press(layer, key)
    assert layer.selected_label == 1
    assert str(layer.mode) == "pan_zoom"


def test_keys_can_be_bound_anew(layer):
    done = []
    bind_shortcuts(layer, {"brush": lambda: done.append("first")})
    bind_shortcuts(layer, {"brush": lambda: done.append("second")})
    press(layer, "B")
    assert done == ["second"]
