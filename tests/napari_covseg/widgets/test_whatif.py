from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QPushButton, QSlider

from covseg_core.inference.config import StitchSettings
from covseg_core.inference.imagined import RECONSTRUCTION, WhatIf
from covseg_core.inference.progress import Progress
from covseg_core.inference.stitch import stitched_hu, with_distances
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.labels import Tissue
from covseg_core.transforms.prepare import lung_box
from covseg_core.volume import SYNTHETIC
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._session.session import Session
from napari_covseg._whatif.layers import BANNER, NAMES
from napari_covseg.widgets import whatif as step
from napari_covseg.widgets._pickers import ScanPicker
from napari_covseg.widgets.whatif import WhatIfWidget

LONG = 120_000
GREYS = {
    Tissue.OUTSIDE: 40.0,
    Tissue.GGO: -550.0,
    Tissue.CONSOLIDATION: 20.0,
    Tissue.HEALTHY: -850.0,
}
PATCH = np.s_[8:10, 17:20, 28:34]
"""Healthy lung, none of it near a lesion or the rim."""
SYNTHETIC_NAMES = [f"{SYNTHETIC} {name}" for name in NAMES]


def imagined(ct, lungs, lesions):
    """Styles of one grey each, and the scan itself as the model's view of it."""
    box = lung_box(lungs, 10)
    shape = ct.hu[box.as_index].shape
    images = np.empty((RECONSTRUCTION + 1, *shape), np.float32)
    for tissue, hu in GREYS.items():
        images[tissue] = hu
    images[RECONSTRUCTION] = ct.hu[box.as_index]
    nothing = np.zeros(shape, np.uint8)
    seen = WhatIf(
        ct, lungs, lesions, box, images, nothing, nothing, "cpu", "torch", 1.0
    )
    return with_distances(seen)


@pytest.fixture(autouse=True)
def quick(monkeypatch, phantom):
    """Imagine at once; one test runs the real model."""

    def imagine_at_once(ct, entry, settings, lungs):
        yield Progress("Imagining", 1, 2)
        return imagined(ct, phantom.lungs, phantom.lesions)

    monkeypatch.setattr(step, "imagine_scan", imagine_at_once)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def session(viewer):
    return Session(viewer)


@pytest.fixture
def widget(session, qtbot):
    made = WhatIfWidget(session)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def scan(viewer, session, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    layer = viewer.add_image(data, **arguments)
    session.choose_scan(layer)
    return layer


@pytest.fixture
def mask(viewer, session, scan, phantom):
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    layer = viewer.add_labels(data, **arguments)
    session.edit(layer)
    return layer


@pytest.fixture
def shown(widget, scan, qtbot):
    """The step after a run, on a slice with lesions."""
    scan_slice(widget, 8)
    imagine(widget, qtbot)
    return widget


def imagine(widget, qtbot):
    widget.panel.button.click()
    qtbot.waitUntil(lambda: not widget.panel.is_busy, timeout=LONG)


def scan_slice(widget, number):
    dims = widget._session.viewer.dims
    dims.set_current_step(0, number)


def calm(widget, qtbot):
    """Wait until every slice shows what is wanted."""
    qtbot.waitUntil(lambda: not widget.stage.live.is_behind, timeout=LONG)


def paint_patch(widget, where=PATCH, tissue=Tissue.GGO):
    """Paint as the tools do, which tell napari of it."""
    widget.controls.paint.setChecked(True)
    paint = widget.stage.layers.paint
    indices = np.argwhere(np.ones_like(paint.data[where], bool))
    starts = [side.start for side in where]
    with paint.block_history():
        paint.data_setitem(tuple((indices + starts).T), int(tissue))


def grid_of(viewer):
    return getattr(viewer, "canvas", viewer).grid


class TestBefore:
    def test_without_a_scan_the_button_says_what_is_missing(self, widget):
        assert not widget.panel.button.isEnabled()
        assert widget.panel.button.toolTip() == "Open a chest CT first."

    def test_stichnets_alone_are_offered(self, widget):
        names = [widget.models.itemText(row) for row in range(widget.models.count())]
        assert names == ["stichnet-small"]

    def test_every_control_has_a_tooltip(self, widget):
        kinds = (QPushButton, QCheckBox, QComboBox, QDoubleSpinBox, QSlider)
        for kind in kinds:
            for control in widget.findChildren(kind):
                assert control.objectName() == "fold" or control.toolTip(), control

    def test_stopped_run_leaves_the_viewer_as_it_was(
        self, widget, scan, qtbot, monkeypatch
    ):
        def endless(*_):
            while True:
                yield Progress("Imagining", 1, 2)

        monkeypatch.setattr(step, "imagine_scan", endless)
        widget.panel.button.click()
        widget.panel.button.click()
        qtbot.waitUntil(lambda: not widget.panel.is_busy)
        assert widget.panel.status.text() == "Stopped."
        assert [layer.name for layer in widget._session.viewer.layers] == ["CT"]


class TestImagined:
    def test_layers_are_named_and_marked_synthetic(self, shown, viewer, phantom):
        assert [layer.name for layer in viewer.layers] == [
            "CT",
            *SYNTHETIC_NAMES,
            "Paint here (what-if)",
        ]
        for name in SYNTHETIC_NAMES:
            assert viewer.layers[name].metadata["covseg"].source.is_synthetic
        healthy = viewer.layers[f"{SYNTHETIC} healthy"]
        box = lung_box(phantom.lungs, 10).as_index
        assert (healthy.data[...][box] == GREYS[Tissue.HEALTHY]).all()
        np.testing.assert_array_equal(healthy.data[0], phantom.ct.hu[0])

    def test_outcome_is_told_and_lungs_are_kept(self, shown, session):
        # 50 ml opacity and 20 ml consolidation.
        assert "The model finds 70 ml of infection." in shown.panel.status.text()
        assert session.lungs is not None

    def test_a_banner_stands_while_a_synthetic_layer_is_visible(self, shown, viewer):
        from napari_covseg._screen.overlay_text import _banners

        assert not shown.banner.isHidden()
        assert shown.banner.text() == BANNER
        assert _banners[viewer] == BANNER
        shown.leave()
        assert shown.banner.isHidden()
        assert _banners[viewer] == ""
        viewer.layers[f"{SYNTHETIC} stitched"].visible = True
        assert _banners[viewer] == BANNER

    def test_synthetic_layers_are_no_scans(self, shown, viewer, qtbot):
        picker = ScanPicker(viewer)
        qtbot.addWidget(picker)
        assert [picker.itemText(row) for row in range(picker.count())] == ["CT"]

    def test_window_of_one_is_the_window_of_all(self, shown, scan, viewer):
        viewer.layers[f"{SYNTHETIC} healthy"].contrast_limits = (-1000, 0)
        assert scan.contrast_limits == [-1000, 0]
        scan.contrast_limits = (-500, 100)
        for name in SYNTHETIC_NAMES:
            assert viewer.layers[name].contrast_limits == [-500, 100]

    def test_scan_that_goes_takes_the_images_with_it(self, shown, scan, viewer, qtbot):
        viewer.layers.remove(scan)
        qtbot.waitUntil(lambda: len(viewer.layers) == 0)
        assert shown.result.isHidden()

    def test_scan_and_images_can_be_removed_together(self, shown, viewer):
        # As napari does with layers that are selected: each one must be there.
        for layer in list(viewer.layers):
            viewer.layers.remove(layer)

    def test_a_synthetic_layer_that_is_removed_ends_the_what_if(
        self, shown, viewer, qtbot
    ):
        viewer.layers.remove(f"{SYNTHETIC} stitched")
        qtbot.waitUntil(lambda: len(viewer.layers) == 1)
        assert shown.result.isHidden()
        assert shown.banner.isHidden()

    def test_a_second_run_replaces_the_first(self, shown, viewer, qtbot):
        imagine(shown, qtbot)
        assert len(viewer.layers) == 2 + len(NAMES)

    def test_failure_is_a_sentence(self, widget, scan, qtbot, monkeypatch):
        from covseg_core.errors import InputRefusedError

        def refuse(*_):
            yield
            raise InputRefusedError("no lungs were found.")

        monkeypatch.setattr(step, "imagine_scan", refuse)
        imagine(widget, qtbot)
        assert widget.panel.status.text() == "No lungs were found."


class TestArrangement:
    def test_side_by_side_shows_the_scan_and_every_image(self, shown, scan, viewer):
        grid = grid_of(viewer)
        assert (grid.enabled, grid.stride) == (True, 1)
        visible = [layer.name for layer in viewer.layers if layer.visible]
        assert visible == ["CT", *SYNTHETIC_NAMES]

    def test_stacked_shows_one_image_on_the_scan(self, shown, viewer):
        shown.view.stacked.click()
        assert not grid_of(viewer).enabled
        shown.view.choose("healthy")
        visible = [layer.name for layer in viewer.layers if layer.visible]
        assert visible == ["CT", f"{SYNTHETIC} healthy"]
        shown.view.choose("")
        assert [layer.name for layer in viewer.layers if layer.visible] == ["CT"]

    def test_painting_pairs_the_scan_with_what_is_stitched(self, shown, viewer):
        shown.controls.paint.click()
        layers, grid = viewer.layers, grid_of(viewer)
        paint = layers["Paint here (what-if)"]
        places = {
            layer.name: grid.position(index, layers)
            for index, layer in enumerate(layers)
            if layer.visible
        }
        assert places == {
            "CT": (0, 0),
            f"{SYNTHETIC} stitched": (0, 1),
            "Paint here (what-if)": (0, 1),
        }
        assert layers.selection.active is paint
        assert paint.mode == "paint"

    def test_leaving_puts_everything_back(self, widget, mask, scan, viewer, qtbot):
        other = viewer.add_image(np.zeros((3, 4)), name="other", visible=False)
        grid = grid_of(viewer)
        grid.stride, grid.shape = 2, (1, 3)
        viewer.layers.selection.active = mask
        camera = getattr(viewer, "scene", viewer).camera
        camera.zoom = 3.5
        before = camera.center
        imagine(widget, qtbot)
        widget.controls.paint.click()
        widget.leave()
        assert (grid.enabled, grid.stride, grid.shape) == (False, 2, (1, 3))
        assert [layer.name for layer in viewer.layers if layer.visible] == [
            "CT",
            "Infection",
        ]
        assert not other.visible
        assert viewer.layers.selection.active is mask
        assert not scan.name_overlay.visible
        assert (camera.zoom, camera.center) == (3.5, before)
        widget.enter()
        assert grid.enabled
        widget.remove.click()
        assert [layer.name for layer in viewer.layers] == ["CT", "Infection", "other"]
        assert viewer.layers.selection.active is mask

    def test_another_scan_is_shown_alone(
        self, widget, mask, scan, session, viewer, phantom, qtbot
    ):
        data, arguments, _ = ct_layer(phantom.ct, "CT two")
        other = viewer.add_image(data, **arguments)
        other.visible = False
        imagine(widget, qtbot)
        session.choose_scan(other)
        qtbot.waitUntil(lambda: len(viewer.layers) == 3)
        assert [layer.name for layer in viewer.layers if layer.visible] == ["CT two"]
        assert not grid_of(viewer).enabled
        assert not scan.name_overlay.visible

    def test_step_that_is_hidden_gives_the_viewer_back(self, shown, viewer, qtbot):
        shown.show()
        assert grid_of(viewer).enabled
        shown.hide()
        assert not grid_of(viewer).enabled
        shown.show()
        assert grid_of(viewer).enabled


class TestStitching:
    def expected(self, widget, severity=1.0, settings=None):
        live = widget.stage
        return stitched_hu(
            live.whatif,
            live.layers.paint.data,
            severity,
            settings or StitchSettings(),
        )

    def test_slider_changes_the_shown_slice_at_once_and_the_others_afterwards(
        self, shown, qtbot, scan
    ):
        stitched = shown.stage.layers.stitched
        np.testing.assert_array_equal(stitched.data, scan.data)
        shown.controls.slider.setValue(10)
        assert shown.controls.words.text() == "Severity 0.50: less than now"
        wanted = self.expected(shown, 0.5)
        assert (wanted[8] != scan.data[8]).any()
        qtbot.waitUntil(lambda: (stitched.data[8] == wanted[8]).all())
        calm(shown, qtbot)
        np.testing.assert_array_equal(stitched.data, wanted)
        shown.controls.slider.setValue(20)
        calm(shown, qtbot)
        np.testing.assert_array_equal(stitched.data, scan.data)

    def test_a_slice_that_is_turned_to_is_up_to_date(self, shown, qtbot):
        shown.controls.slider.setValue(0)
        wanted = self.expected(shown, 0.0)
        scan_slice(shown, 10)
        stitched = shown.stage.layers.stitched
        qtbot.waitUntil(lambda: (stitched.data[10] == wanted[10]).all(), timeout=250)

    def test_arrow_keys_move_the_slider(self, shown, qtbot):
        qtbot.keyClick(shown.controls.slider, Qt.Key.Key_Right)
        assert shown.controls.severity == pytest.approx(1.05)

    def test_paint_becomes_a_lesion_and_undo_takes_it_back(self, shown, scan, qtbot):
        shown.controls.paint.click()
        stitched = shown.stage.layers.stitched
        paint_patch(shown)
        wanted = self.expected(shown)
        assert wanted[8, 18, 30] == pytest.approx(GREYS[Tissue.GGO], abs=0.01)
        qtbot.waitUntil(lambda: (stitched.data[8] == wanted[8]).all())
        calm(shown, qtbot)
        np.testing.assert_array_equal(stitched.data, wanted)
        shown.stage.layers.paint.undo()
        qtbot.waitUntil(lambda: (stitched.data[8] == scan.data[8]).all())

    def test_a_stroke_shows_while_it_grows(self, shown, qtbot):
        shown.controls.paint.click()
        paint, stitched = shown.stage.layers.paint, shown.stage.layers.stitched
        event = SimpleNamespace(type="mouse_press")
        callbacks = {each.__name__: each for each in paint.mouse_drag_callbacks}
        follow = callbacks["_watch"](paint, event)
        next(follow)
        event.type = "mouse_move"
        # napari's brush writes before it tells anybody.
        paint.data[PATCH] = Tissue.GGO
        next(follow)
        wanted = self.expected(shown)
        qtbot.waitUntil(lambda: (stitched.data[8] == wanted[8]).all())

    def test_paint_can_be_cleared(self, shown, scan, qtbot):
        paint_patch(shown, tissue=Tissue.CONSOLIDATION)
        calm(shown, qtbot)
        shown.controls.clear.click()
        calm(shown, qtbot)
        assert not shown.stage.layers.paint.data.any()
        np.testing.assert_array_equal(shown.stage.layers.stitched.data, scan.data)

    def test_mask_of_the_patient_stays_as_it_is(self, widget, mask, session, qtbot):
        before = mask.data.copy()
        imagine(widget, qtbot)
        widget.controls.paint.click()
        paint_patch(widget)
        calm(widget, qtbot)
        np.testing.assert_array_equal(mask.data, before)
        assert session.mask.layer is mask
        assert session.mask.is_saved

    def test_tissue_is_chosen_by_its_button(self, shown):
        shown.controls.tissues.button(int(Tissue.CONSOLIDATION)).click()
        assert shown.stage.layers.paint.selected_label == Tissue.CONSOLIDATION
        assert shown.controls.paint.isChecked()

    def test_options_change_what_is_stitched(self, shown, qtbot):
        paint_patch(shown)
        shown.controls.form.control("strength").setValue(2.0)
        calm(shown, qtbot)
        wanted = self.expected(shown, settings=StitchSettings(strength=2.0))
        np.testing.assert_array_equal(shown.stage.layers.stitched.data, wanted)


class TestSaving:
    def save(self, widget, qtbot, folder):
        widget.save_in(folder)
        qtbot.waitUntil(lambda: not widget.saving.waiting.is_busy, timeout=LONG)

    def test_files_are_those_of_the_command_and_are_marked(
        self, shown, qtbot, tmp_path
    ):
        paint_patch(shown)
        shown.controls.slider.setValue(30)
        calm(shown, qtbot)
        self.save(shown, qtbot, tmp_path)
        folder = tmp_path / "whatif"
        document = json.loads((folder / "whatif.json").read_text())
        assert document["synthetic"] is True
        assert document["painted"] == ["ggo"]
        assert document["stitching"]["severity"] == 1.5
        assert document["model"]["name"] == "stichnet-small"
        stitched = read_nifti_ct(folder / "SYNTHETIC_stitched.nii.gz")
        assert stitched.source.is_synthetic
        np.testing.assert_allclose(
            stitched.hu, shown.stage.layers.stitched.data, atol=0.01
        )
        assert (
            shown.saving.waiting.words.text() == "Saved 10 files in the folder whatif."
        )

    def test_nothing_is_overwritten(self, shown, qtbot, tmp_path):
        (tmp_path / "whatif").mkdir()
        self.save(shown, qtbot, tmp_path)
        assert list((tmp_path / "whatif").iterdir()) == []
        assert (tmp_path / "whatif-2" / "SYNTHETIC_ggo.nii.gz").is_file()

    @pytest.mark.parametrize("turned", ["coronal"], indirect=True)
    def test_files_lie_on_the_grid_of_the_scan_as_it_was_read(
        self, widget, viewer, session, turned, qtbot, tmp_path
    ):
        ct, _ = turned
        data, arguments, _ = ct_layer(ct, "CT")
        session.choose_scan(viewer.add_image(data, **arguments))

        def imagine_turned(standard, entry, settings, lungs):
            yield
            from covseg_core.volume import LesionMask, LungMask

            lung = (standard.hu < -800).astype(np.uint8)
            lesions = np.zeros_like(lung)
            return imagined(
                standard,
                LungMask(lung, standard.grid),
                LesionMask(lesions, standard.grid),
            )

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(step, "imagine_scan", imagine_turned)
            imagine(widget, qtbot)
        self.save(widget, qtbot, tmp_path)
        made = read_nifti_ct(tmp_path / "whatif" / "SYNTHETIC_healthy.nii.gz")
        assert made.grid.matches(ct.grid)
        changed = made.hu != ct.hu
        assert changed.any()
        assert not changed.all()

    def test_paint_beside_the_lungs_is_refused_and_leaves_no_folder(
        self, shown, qtbot, tmp_path
    ):
        paint_patch(shown, np.s_[8:9, 0:2, 0:2])
        self.save(shown, qtbot, tmp_path)
        assert "no voxel of the mask lies in the box around the lungs" in (
            shown.saving.waiting.words.text().lower()
        )
        assert list(tmp_path.iterdir()) == []


class TestInAWindow:
    @pytest.fixture
    def tiny_stichnet(self, covseg_home):
        import torch

        from covseg_core.models import create_model
        from covseg_core.registry.card import ModelCard
        from covseg_core.registry.weights import save_model
        from covseg_core.transforms.prepare import Prepare

        arguments = {
            "backbone": "test_efficientnet.r160_in1k",
            "widths": (4, 4, 6, 6, 8),
            "decoder_width": 4,
        }
        torch.manual_seed(5)
        card = ModelCard(
            name="aaa-styles",
            summary="Never trained.",
            architecture="stichnet",
            arguments=arguments,
            label_set="lesions",
            prepare=Prepare(size=64, mean=(0, 0, 0), std=(1, 1, 1)),
        )
        state = create_model("stichnet", **arguments).state_dict()
        return save_model(covseg_home / "models" / card.name, card, state)

    def test_a_real_model_imagines_in_another_process(
        self, make_napari_viewer_proxy, phantom, tiny_stichnet, qtbot, monkeypatch
    ):
        from napari_covseg._whatif.run import imagine_scan

        monkeypatch.setattr(step, "imagine_scan", imagine_scan)
        viewer = make_napari_viewer_proxy()
        session = Session(viewer)
        widget = WhatIfWidget(session)
        viewer.window.add_dock_widget(widget, name="What-if")
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        session.choose_scan(viewer.add_image(data, **arguments))
        session.set_lungs(phantom.lungs)
        widget.models.setCurrentText("aaa-styles")
        imagine(widget, qtbot)
        assert widget.panel.status.text().startswith("Done in ")
        whatif = widget.stage.whatif
        wanted = self.by_the_core(session.ct(), tiny_stichnet, phantom.lungs)
        np.testing.assert_allclose(whatif.images_hu, wanted.images_hu, atol=0.5)
        np.testing.assert_array_equal(whatif.lungs.labels, phantom.lungs.labels)
        viewer.screenshot(canvas_only=False, flash=False)
        assert widget.minimumSizeHint().width() <= 330
        widget.remove.click()

    def by_the_core(self, ct, entry, lungs):
        from covseg_core.inference.config import PredictSettings
        from covseg_core.inference.whatif import imagine as by_hand
        from covseg_core.registry.weights import load_model
        from covseg_core.steps import result_of

        model = load_model(entry)
        return result_of(by_hand(replace(ct), model, PredictSettings(), lungs))
