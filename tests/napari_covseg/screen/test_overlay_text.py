from __future__ import annotations

import pytest
from napari.components import ViewerModel

from napari_covseg._screen.overlay_text import set_banner, set_facts
from napari_covseg._screen.style import WARNING


@pytest.fixture
def viewer(qapp) -> ViewerModel:
    return ViewerModel()


def colour_of(overlay) -> str:
    red, green, blue = (round(255 * float(part)) for part in overlay.color[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_facts_stand_in_the_corner(viewer):
    set_facts(viewer, "slice 3")
    overlay = viewer.canvas.overlays.text
    assert overlay.visible
    assert overlay.text == "slice 3"


def test_facts_leave_their_colour_to_the_theme(viewer):
    set_facts(viewer, "slice 3")
    assert viewer.canvas.overlays.text.color is None


def test_banner_stands_above_the_facts_in_the_colour_of_warnings(viewer):
    set_facts(viewer, "slice 3")
    set_banner(viewer, "SYNTHETIC")
    overlay = viewer.canvas.overlays.text
    assert overlay.text == "SYNTHETIC\nslice 3"
    assert colour_of(overlay) == WARNING


def test_facts_stay_when_the_banner_goes(viewer):
    set_banner(viewer, "SYNTHETIC")
    set_facts(viewer, "slice 3")
    set_banner(viewer, "")
    overlay = viewer.canvas.overlays.text
    assert overlay.text == "slice 3"
    assert overlay.color is None


def test_nothing_to_tell_hides_the_corner(viewer):
    set_facts(viewer, "slice 3")
    set_facts(viewer, "")
    assert not viewer.canvas.overlays.text.visible


def test_viewers_do_not_share_their_text(viewer):
    set_banner(viewer, "SYNTHETIC")
    other = ViewerModel()
    set_facts(other, "slice 3")
    assert other.canvas.overlays.text.text == "slice 3"
