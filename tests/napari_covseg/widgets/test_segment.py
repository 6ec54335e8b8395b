from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager

from covseg_core.inference.config import PredictSettings
from covseg_core.volume import CTVolume
from napari_covseg._convert import ct_layer, mask_from_layer, mask_layer
from napari_covseg.widgets.segment import SegmentWidget

LONG = 60_000


@pytest.fixture
def viewer(qapp) -> ViewerModel:
    """A viewer without a window."""
    return ViewerModel()


@pytest.fixture
def widget(viewer, qtbot) -> SegmentWidget:
    widget = SegmentWidget(viewer)
    qtbot.addWidget(widget)
    # As napari does when it docks a widget.
    for name in ("inserted", "removed", "reordered", "renamed"):
        getattr(viewer.layers.events, name).connect(widget.reset_choices)
    widget.models.setCurrentText("hu-threshold")
    return widget


@pytest.fixture
def scan(viewer, widget, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    return viewer.add_image(data, **arguments)


def run(widget, qtbot) -> None:
    widget.panel.button.click()
    qtbot.waitUntil(lambda: not widget.panel.is_busy, timeout=LONG)


class TestWithoutARun:
    def test_nothing_can_run_without_a_scan_and_the_widget_says_how_to_open_one(
        self, widget
    ):
        assert not widget.panel.button.isEnabled()
        assert "Open a chest CT first" in widget.panel.status.text()

    def test_opened_scan_is_chosen_and_makes_the_button_ready(self, widget, scan):
        assert widget.scans.currentText() == "CT"
        assert widget.panel.button.isEnabled()
        assert widget.panel.status.text() == ""

    def test_layers_that_covseg_did_not_open_are_not_offered(
        self, viewer, widget, phantom
    ):
        viewer.add_image(np.zeros((3, 4, 4)), name="microscope")
        data, arguments, _ = mask_layer(phantom.lesions, "Infection")
        viewer.add_labels(data, **arguments)
        assert widget.scans.count() == 0
        assert not widget.panel.button.isEnabled()

    def test_renamed_scan_is_listed_by_its_new_name(self, widget, scan):
        scan.name = "follow-up"
        assert widget.scans.currentText() == "follow-up"

    def test_chosen_scan_stays_chosen_when_another_layer_goes(
        self, viewer, widget, scan, phantom
    ):
        data, arguments, _ = ct_layer(phantom.ct, "second")
        second = viewer.add_image(data, **arguments)
        assert widget.scans.currentText() == "second"
        widget.scans.setCurrentText("CT")
        viewer.layers.remove(second)
        assert widget.scans.currentText() == "CT"

    def test_model_is_told_in_a_sentence(self, widget):
        assert "Hounsfield" in widget.summary.text()

    def test_small_print_of_a_model_is_its_tooltip(self, widget, network_model):
        widget.models.refresh()
        widget.models.setCurrentText(network_model.card.name)
        assert "not for diagnosis" in widget.summary.toolTip()

    def test_options_are_those_of_a_prediction(self, widget):
        assert widget.form.read() == PredictSettings()

    def test_every_control_has_a_tooltip(self, widget):
        for control in (widget.scans, widget.models, widget.panel.button):
            assert control.toolTip()

    def test_model_that_was_added_meanwhile_is_listed_when_shown(
        self, widget, network_model
    ):
        assert widget.models.findText("random-infnet") < 0
        widget.show()
        assert widget.models.findText("random-infnet") >= 0
        assert widget.models.currentText() == "hu-threshold"


class TestARun:
    def test_mask_and_its_volumes_appear(self, viewer, widget, scan, qtbot):
        run(widget, qtbot)
        mask = viewer.layers["Infection (hu-threshold)"]
        assert set(np.unique(mask.data)) == {0, 1, 2}
        assert not widget.volumes.isHidden()
        assert widget.panel.status.text().startswith("Done in")
        assert widget.panel.button.text() == "Outline infection"
        np.testing.assert_array_equal(mask.scale, scan.scale)
        np.testing.assert_array_equal(mask.translate, scan.translate)

    @pytest.mark.parametrize("turned", ["sagittal"], indirect=True)
    def test_network_gives_the_same_mask_as_the_core(
        self, viewer, widget, qtbot, turned, network_model
    ):
        ct, _ = turned
        wanted = predicted_by_the_core(ct, network_model)
        assert wanted.labels.any()
        data, arguments, _ = ct_layer(ct, "CT")
        viewer.add_image(data, **arguments)
        widget.models.refresh()
        widget.models.setCurrentText("random-infnet")
        widget.form.control("engine").setCurrentText("torch")
        run(widget, qtbot)
        mask = viewer.layers["Infection (random-infnet)"]
        found = mask_from_layer(mask.data, mask.metadata)
        found.require_on(ct)
        np.testing.assert_array_equal(found.labels, wanted.labels)

    def test_mask_grows_while_it_runs(self, viewer, widget, scan, qtbot):
        widget.form.control("batch_size").setValue(1)
        grown = []
        widget.panel.wanted.connect(
            lambda: widget.panel._run.advanced.connect(
                lambda _: grown.append(
                    viewer.layers["Infection (hu-threshold)"].data.any((1, 2)).sum()
                )
            )
        )
        run(widget, qtbot)
        assert len(set(grown)) > 3
        assert grown == sorted(grown)

    def test_mask_cannot_be_painted_until_it_is_done(self, viewer, widget, scan, qtbot):
        widget.panel.button.click()
        mask = viewer.layers["Infection (hu-threshold)"]
        assert not mask.editable
        qtbot.waitUntil(lambda: not widget.panel.is_busy, timeout=LONG)
        assert mask.editable

    def test_undo_after_a_run_leaves_the_mask_as_predicted(
        self, viewer, widget, scan, qtbot
    ):
        run(widget, qtbot)
        mask = viewer.layers["Infection (hu-threshold)"]
        predicted = mask.data.copy()
        mask.undo()
        np.testing.assert_array_equal(mask.data, predicted)

    def test_corrected_mask_survives_another_run(self, viewer, widget, scan, qtbot):
        run(widget, qtbot)
        first = viewer.layers["Infection (hu-threshold)"]
        first.data[0, 0, 0] = 2
        run(widget, qtbot)
        assert len(viewer.layers) == 3
        assert first.data[0, 0, 0] == 2
        assert not first.visible
        assert viewer.layers[-1].visible

    def test_pictures_are_refused_in_a_sentence(self, viewer, widget, phantom, qtbot):
        grey = np.clip((phantom.ct.hu + 1350) / 6, 0, 255)
        data, arguments, _ = ct_layer(
            CTVolume(grey, phantom.grid, is_hu=False), "picture"
        )
        viewer.add_image(data, **arguments)
        run(widget, qtbot)
        assert "Hounsfield units" in widget.panel.status.text()
        assert "Hounsfield units" in notification_manager.records[-1].message
        assert len(viewer.layers) == 1

    def test_wrong_option_is_told_before_anything_runs(self, viewer, widget, scan):
        widget.form.control("device").setCurrentText("abacus")
        widget.panel.button.click()
        assert not widget.panel.is_busy
        assert widget.panel.status.text().startswith("Device cannot be 'abacus': ")
        assert len(viewer.layers) == 1

    def test_damaged_model_is_told_in_a_sentence(
        self, viewer, widget, scan, network_model, qtbot
    ):
        network_model.weights.write_bytes(b"cut")
        widget.models.refresh()
        widget.models.setCurrentText("random-infnet")
        run(widget, qtbot)
        assert "changed or cut" in widget.panel.status.text()
        assert len(viewer.layers) == 1


class TestAStoppedRun:
    @pytest.fixture
    def running(self, widget, scan, monkeypatch):
        """A run that goes on until it is stopped."""
        from napari_covseg.widgets import segment

        monkeypatch.setattr(segment, "outline_infection", endless)
        widget.panel.button.click()
        return widget

    def test_unfinished_mask_is_removed(self, viewer, running, qtbot):
        assert running.panel.button.text() == "Stop"
        running.panel.button.click()
        qtbot.waitUntil(lambda: not running.panel.is_busy)
        assert [layer.name for layer in viewer.layers] == ["CT"]
        assert running.panel.status.text().startswith("Stopped")
        assert running.panel.button.isEnabled()

    def test_removing_the_mask_stops_the_run(self, viewer, running, qtbot):
        viewer.layers.remove("Infection (hu-threshold)")
        qtbot.waitUntil(lambda: not running.panel.is_busy)
        assert [layer.name for layer in viewer.layers] == ["CT"]

    def test_scan_that_went_meanwhile_cannot_be_outlined_again(
        self, viewer, running, scan, qtbot
    ):
        viewer.layers.remove(scan)
        running.panel.button.click()
        qtbot.waitUntil(lambda: not running.panel.is_busy)
        assert not running.panel.button.isEnabled()
        assert "Open a chest CT first" in running.panel.status.text()

    def test_earlier_mask_is_shown_again(
        self, viewer, widget, scan, qtbot, monkeypatch
    ):
        from napari_covseg.widgets import segment

        run(widget, qtbot)
        monkeypatch.setattr(segment, "outline_infection", endless)
        widget.panel.button.click()
        assert not viewer.layers["Infection (hu-threshold)"].visible
        widget.panel.button.click()
        qtbot.waitUntil(lambda: not widget.panel.is_busy)
        assert viewer.layers["Infection (hu-threshold)"].visible
        assert not widget.volumes.isHidden()


class TestInAWindow:
    @pytest.fixture
    def docked(self, make_napari_viewer_proxy, phantom):
        """The viewer, the widget as the menu opens it, and a scan."""
        viewer = make_napari_viewer_proxy()
        _, widget = viewer.window.add_plugin_dock_widget(
            "napari-covseg", "Outline infection"
        )
        widget.models.setCurrentText("hu-threshold")
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        viewer.add_image(data, **arguments)
        return viewer, widget

    def test_widget_works_as_the_menu_opens_it(self, docked, qtbot):
        viewer, widget = docked
        assert widget.scans.currentText() == "CT"
        run(widget, qtbot)
        assert viewer.layers["Infection (hu-threshold)"].data.any()

    def test_closing_the_widget_lets_a_run_finish(self, docked, qtbot):
        viewer, widget = docked
        widget.panel.button.click()
        mask = viewer.layers["Infection (hu-threshold)"]
        viewer.window.remove_dock_widget(widget.parent())
        qtbot.waitUntil(lambda: mask.editable, timeout=LONG)
        assert mask.data.any()


def endless(*_):
    from covseg_core.inference.predict import Progress

    while True:
        yield Progress("Outlining infection", 1, 2)


def predicted_by_the_core(ct, entry):
    from covseg_core.inference.predict import predict_ct
    from covseg_core.registry.weights import load_model

    steps = predict_ct(ct, load_model(entry), PredictSettings(engine="torch"))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.lesions
