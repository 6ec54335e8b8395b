from __future__ import annotations

import pytest

from napari_covseg._layer_styles import LUNG_WINDOW_HU
from napari_covseg._screen.windows import LUNG, PRESETS, Window, windows_of


def test_window_tells_black_and_white():
    assert Window("Mediastinum", 400, 40).limits == (-160, 240)


def test_scan_opens_in_the_first_preset():
    assert PRESETS[0] is LUNG
    assert LUNG.limits == LUNG_WINDOW_HU


@pytest.mark.parametrize("preset", PRESETS, ids=lambda window: window.title)
def test_window_is_made_again_of_its_ends(preset):
    again = Window.between(*preset.limits)
    assert (again.width, again.level) == (preset.width, preset.level)


def test_window_without_width_is_the_narrowest():
    assert Window.between(40, 40).limits == (39.5, 40.5)


def test_dragging_widens_and_moves():
    dragged = LUNG.dragged(100, -50)
    assert (dragged.title, dragged.width, dragged.level) == ("Custom", 1600, -650)


def test_dragging_stops_at_the_narrowest_window():
    assert LUNG.dragged(-9999, 0).width == 1


def test_windows_of_the_scanner_are_listed_by_their_words():
    details = {"windows": ((-500.0, 1500.0, " LUNG "), (40.0, 350.0, ""))}
    named, nameless = windows_of(details)
    assert (named.title, named.width, named.level) == ("Scanner: lung", 1500, -500)
    assert (nameless.title, nameless.width, nameless.level) == ("Scanner", 350, 40)


def test_window_of_no_width_is_left_out():
    assert windows_of({"windows": ((40.0, 0.0, "broken"),)}) == ()


def test_header_without_windows_has_none():
    assert windows_of({}) == ()
