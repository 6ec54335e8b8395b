from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from app_model.types import KeyBinding
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks
from napari_orthogonal_views.ortho_view_widget import OrthoViewWidget

from covseg_core.volume import CTVolume
from napari_covseg._convert import ct_layer
from napari_covseg._screen.windows import PRESETS
from napari_covseg._session.session import Session
from napari_covseg.widgets.view import ViewBar


@pytest.fixture
def bar(workplace, qtbot) -> ViewBar:
    bar = ViewBar(workplace.session)
    qtbot.addWidget(bar)
    return bar


def choose(box, text: str) -> None:
    """Choose as the user does."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def open_scan(workplace, ct):
    data, arguments, _ = ct_layer(ct, "another")
    layer = workplace.viewer.add_image(data, **arguments)
    workplace.session.choose_scan(layer)
    return layer


class TestWindow:
    def test_scan_opens_in_the_lung_window(self, bar, workplace):
        assert bar.preset.currentText() == "Lung"
        assert (bar.width_hu.value(), bar.level_hu.value()) == (1500, -600)
        assert tuple(workplace.scan.contrast_limits) == (-1350, 150)

    @pytest.mark.parametrize("preset", PRESETS, ids=lambda window: window.title)
    def test_preset_sets_the_window(self, bar, workplace, preset):
        choose(bar.preset, preset.title)
        assert tuple(workplace.scan.contrast_limits) == preset.limits
        assert bar.width_hu.value() == preset.width
        assert bar.level_hu.value() == preset.level

    def test_numbers_make_a_window_of_ones_own(self, bar, workplace):
        bar.width_hu.setValue(1000)
        bar.level_hu.setValue(-700)
        assert tuple(workplace.scan.contrast_limits) == (-1200, -200)
        assert bar.preset.currentText() == "Custom"

    def test_window_that_was_set_elsewhere_is_shown(self, bar, workplace):
        workplace.scan.contrast_limits = (-160, 240)
        assert bar.preset.currentText() == "Mediastinum"
        workplace.scan.contrast_limits = (-100, 100)
        assert bar.preset.currentText() == "Custom"
        assert (bar.width_hu.value(), bar.level_hu.value()) == (200, 0)

    def test_key_goes_through_the_windows_and_begins_anew(self, bar, workplace):
        viewer = workplace.viewer
        seen = []
        for _ in PRESETS:
            viewer.keymap[KeyBinding.from_str("W")](viewer)
            seen.append(bar.preset.currentText())
        assert seen == ["Lung, narrow", "Mediastinum", "Bone", "Lung"]

    def test_windows_of_the_scanner_are_offered(self, bar, workplace, phantom):
        details = {"windows": ((50.0, 350.0, "SOFT"),)}
        source = replace(phantom.ct.source, details=details)
        scan = open_scan(workplace, replace(phantom.ct, source=source))
        choose(bar.preset, "Scanner: soft")
        assert tuple(scan.contrast_limits) == (-125, 225)

    def test_window_that_was_set_stays_when_its_scan_is_chosen_again(
        self, bar, workplace, phantom
    ):
        open_scan(workplace, phantom.ct)
        choose(bar.preset, "Bone")
        workplace.session.choose_scan(workplace.scan)
        assert bar.preset.currentText() == "Bone"

    def test_scans_side_by_side_share_the_window(self, bar, workplace, phantom):
        second = open_scan(workplace, phantom.ct)
        choose(bar.preset, "Mediastinum")
        assert tuple(workplace.scan.contrast_limits) == (-160, 240)
        assert tuple(second.contrast_limits) == (-160, 240)

    def test_pictures_keep_their_greys_and_can_be_brightened(
        self, bar, workplace, phantom
    ):
        grey = np.full(phantom.grid.shape, 128, np.float32)
        scan = open_scan(workplace, CTVolume(grey, phantom.grid, is_hu=False))
        assert tuple(scan.contrast_limits) == (0, 255)
        assert bar.preset.currentText() == "Custom"
        workplace.viewer.keymap[KeyBinding.from_str("W")](workplace.viewer)
        bar.width_hu.setValue(100)
        np.testing.assert_allclose(scan.contrast_limits, (77.5, 177.5), atol=0.5)
        assert tuple(workplace.scan.contrast_limits) == (-1350, 150)

    def test_nothing_can_be_set_without_a_scan(self, bar, workplace):
        workplace.viewer.layers.remove(workplace.scan)
        assert not bar.isEnabled()


class TestDragging:
    @staticmethod
    def drag(viewer, to, modifiers=("Shift",)):
        """Drag from (100, 100) of the canvas to a place, and hold."""
        event = SimpleNamespace(
            type="mouse_press",
            pos=(100, 100),
            modifiers=modifiers,
            handled=False,
            is_dragging=True,
        )
        mouse_press_callbacks(viewer, event)
        event.type, event.pos = "mouse_move", to
        mouse_move_callbacks(viewer, event)
        return event

    def test_sideways_is_the_width_and_upwards_the_level(self, bar, workplace):
        event = self.drag(workplace.viewer, (110, 95))
        assert (bar.width_hu.value(), bar.level_hu.value()) == (1540, -580)
        assert event.handled

    def test_brush_does_not_paint_meanwhile_and_comes_back(self, bar, workplace):
        workplace.viewer.layers.selection.active = workplace.mask
        workplace.mask.mode = "paint"
        event = self.drag(workplace.viewer, (110, 95))
        assert workplace.mask.mode == "pan_zoom"
        event.type = "mouse_release"
        mouse_move_callbacks(workplace.viewer, event)
        assert workplace.mask.mode == "paint"

    def test_dragging_without_shift_changes_nothing(self, bar, workplace):
        self.drag(workplace.viewer, (150, 50), modifiers=())
        assert tuple(workplace.scan.contrast_limits) == (-1350, 150)


class TestDirection:
    @pytest.mark.parametrize(
        ("name", "order"),
        [("Axial", (0, 1, 2)), ("Coronal", (1, 0, 2)), ("Sagittal", (2, 0, 1))],
    )
    def test_button_turns_the_picture(self, bar, workplace, name, order):
        workplace.viewer.dims.ndisplay = 3
        bar.directions[name].click()
        assert tuple(workplace.viewer.dims.order) == order
        assert workplace.viewer.dims.ndisplay == 2
        shown = [each for each, button in bar.directions.items() if button.isChecked()]
        assert shown == [name]

    @pytest.mark.parametrize(
        ("name", "down"), [("Axial", "down"), ("Coronal", "up"), ("Sagittal", "up")]
    )
    def test_head_is_at_the_top(self, bar, workplace, name, down):
        bar.directions[name].click()
        # Rows of axial slices go from front to back, slices from foot to head.
        assert workplace.viewer.scene.camera.orientation2d[0] == down

    def test_no_direction_is_chosen_in_3d(self, bar, workplace):
        workplace.viewer.dims.ndisplay = 3
        assert not any(button.isChecked() for button in bar.directions.values())
        workplace.viewer.dims.ndisplay = 2
        assert bar.directions["Axial"].isChecked()

    def test_direction_that_was_turned_elsewhere_is_shown(self, bar, workplace):
        workplace.viewer.dims.order = (2, 0, 1)
        assert bar.directions["Sagittal"].isChecked()
        assert not bar.directions["Axial"].isChecked()

    def test_pressing_the_direction_that_is_shown_keeps_it(self, bar):
        bar.directions["Axial"].click()
        assert bar.directions["Axial"].isChecked()


class TestOrthogonalViews:
    def test_switch_shows_and_hides_them(self, bar, workplace, monkeypatch):
        from napari_orthogonal_views import ortho_view_manager as views

        done = []
        monkeypatch.setattr(
            views, "show_orthogonal_views", lambda viewer: done.append("show")
        )
        monkeypatch.setattr(
            views, "hide_orthogonal_views", lambda viewer: done.append("hide")
        )
        bar.orthogonal.click()
        bar.orthogonal.click()
        assert done == ["show", "hide"]

    def test_side_views_stand_upright(self, phantom, make_napari_viewer, qtbot):
        viewer = make_napari_viewer()
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        session = Session(viewer)
        session.choose_scan(viewer.add_image(data, **arguments))
        bar = ViewBar(session)
        viewer.window.add_dock_widget(bar)
        bar.orthogonal.click()

        def sides():
            found = bar.window().findChildren(OrthoViewWidget)
            return [side.vm_container.viewer_model for side in found]

        def heights():
            return {
                side.dims.order: side.scene.camera.orientation2d[0] for side in sides()
            }

        qtbot.waitUntil(lambda: heights() == {(1, 0, 2): "up", (2, 1, 0): "down"})
        bar.directions["Coronal"].click()
        assert heights() == {(0, 1, 2): "down", (2, 0, 1): "up"}
        bar.orthogonal.click()
        qtbot.waitUntil(lambda: not sides())
        session.close(keep=False)

    def test_without_the_package_the_button_says_what_to_install(
        self, workplace, qtbot, monkeypatch
    ):
        monkeypatch.setattr("napari_covseg.widgets.view.find_spec", lambda name: None)
        bar = ViewBar(workplace.session)
        qtbot.addWidget(bar)
        assert not bar.orthogonal.isEnabled()
        assert "napari-covseg[views]" in bar.orthogonal.toolTip()
