from __future__ import annotations

import numpy as np
import pytest

from covseg_core.volume import CTVolume, Grid
from napari_covseg._convert import ct_layer
from napari_covseg._screen.corner import Corner, place_of
from napari_covseg._screen.slices import show_slice

GRID = Grid(
    (5, 6, 7), np.array([[2, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, -30], [0, 0, 0, 1.0]])
)


class TestPlace:
    @pytest.mark.parametrize(
        ("axis", "told"),
        [
            (0, "Axial 3 of 5  ·  z -22.0 mm"),
            (1, "Coronal 3 of 6  ·  y 26.0 mm"),
            (2, "Sagittal 3 of 7  ·  x 14.0 mm"),
        ],
    )
    def test_slices_are_counted_from_one_and_placed_in_mm(self, axis, told):
        assert place_of(GRID, axis, 2) == told

    def test_slice_beside_the_scan_is_its_last(self):
        assert place_of(GRID, 0, 99).startswith("Axial 5 of 5")


@pytest.fixture
def corner(workplace):
    return Corner(workplace.session)


@pytest.fixture
def lines(workplace, corner, qtbot):
    """What stands in the corner, once it says something."""

    def wait_for(part: str) -> list[str]:
        overlay = workplace.viewer.canvas.overlays.text
        qtbot.waitUntil(lambda: part in overlay.text)
        return overlay.text.split("\n")

    return wait_for


def point_at(workplace, index) -> None:
    position = workplace.scan.data_to_world(index)
    workplace.viewer.cursor.position = tuple(float(each) for each in position)


def test_slice_window_and_value_are_told(workplace, lines, phantom):
    show_slice(workplace.viewer, workplace.scan, 7)
    point_at(workplace, (7, 30, 75))
    place, window, value = lines("HU")
    assert place.startswith(f"Axial 8 of {phantom.grid.shape[0]}  ·  z ")
    assert window == "W 1500  L -600"
    assert value == f"{phantom.ct.hu[7, 30, 75]:.0f} HU"


def test_value_beside_the_scan_is_none(workplace, lines):
    point_at(workplace, (7, -40, 5))
    assert not any("HU" in line for line in lines("Axial"))


def test_changed_window_is_told(workplace, lines):
    workplace.scan.contrast_limits = (-160, 240)
    assert "W 400  L 40" in lines("W 400")


def test_coronal_slices_are_told_from_front_to_back(workplace, lines):
    workplace.viewer.dims.order = (1, 0, 2)
    workplace.viewer.dims.set_point(1, workplace.scan.data_to_world((0, 4, 0))[1])
    assert lines("Coronal 5")[0].startswith("Coronal 5 of ")


def test_space_has_no_slice(workplace, lines, qtbot):
    lines("Axial")
    workplace.viewer.dims.ndisplay = 3
    overlay = workplace.viewer.canvas.overlays.text
    qtbot.waitUntil(lambda: "Axial" not in overlay.text)
    assert overlay.text.startswith("W 1500")


def test_pictures_have_grey_levels(workplace, lines, phantom):
    grey = np.full(phantom.grid.shape, 128, np.float32)
    made = ct_layer(CTVolume(grey, phantom.grid, is_hu=False), "picture")
    scan = workplace.viewer.add_image(made[0], **made[1])
    workplace.session.choose_scan(scan)
    point_at(workplace, (7, 30, 30))
    assert lines("grey level")[-1] == "128 grey level"


def test_nothing_is_told_without_a_scan(workplace, lines, qtbot):
    lines("Axial")
    workplace.viewer.layers.remove(workplace.scan)
    overlay = workplace.viewer.canvas.overlays.text
    qtbot.waitUntil(lambda: not overlay.text)
    assert not overlay.visible
