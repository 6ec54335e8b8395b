from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QFileDialog

from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.volume import Grid, LesionMask
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._files.import_mask import import_as_layer
from napari_covseg._session.session import Session
from napari_covseg.widgets.case import CaseStep

LONG = 180_000


@pytest.fixture
def session(qapp) -> Session:
    return Session(ViewerModel())


@pytest.fixture
def step(session, qtbot) -> CaseStep:
    step = CaseStep(session)
    qtbot.addWidget(step)
    return step


@pytest.fixture
def scan(session, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    return session.viewer.add_image(data, **arguments)


@pytest.fixture
def nifti(tmp_path, phantom):
    write_nifti_ct(tmp_path / "chest.nii.gz", phantom.ct)
    return tmp_path / "chest.nii.gz"


def rest(step, qtbot):
    qtbot.waitUntil(
        lambda: not step.waiting.is_busy and not step.facts.is_busy, timeout=LONG
    )


class TestOpening:
    def test_nothing_can_be_masked_without_a_scan(self, step):
        assert not step.new_mask.isEnabled()
        assert not step.masks.isEnabled()

    def test_nifti_becomes_the_scan(self, step, session, nifti, qtbot, monkeypatch):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(nifti), ""))
        step.open_file.click()
        assert not step.open_folder.isEnabled()
        rest(step, qtbot)
        assert session.scan.name == "chest"
        assert step.scans.currentText() == "chest"
        assert step.open_folder.isEnabled()

    def test_folder_of_one_series_is_opened(
        self, step, session, phantom, tmp_path, qtbot, monkeypatch
    ):
        write_dicom_series(phantom.ct, tmp_path / "dicom")
        monkeypatch.setattr(
            QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "dicom")
        )
        step.open_folder.click()
        rest(step, qtbot)
        np.testing.assert_allclose(session.ct().hu, phantom.ct.hu)

    def test_one_of_several_series_is_asked_for(
        self, step, session, phantom, tmp_path, qtbot
    ):
        for number, name in enumerate(("first", "second")):
            ct = replace(phantom.ct, hu=phantom.ct.hu + number)
            write_dicom_series(ct, tmp_path / "both" / name)
        step.open_path(tmp_path / "both")
        qtbot.waitUntil(lambda: step.question is not None, timeout=LONG)
        assert step.question.table.rowCount() == 2
        assert session.scan is None
        step.question.table.selectRow(1)
        wanted = step.question.series_uid
        step.question.accept()
        rest(step, qtbot)
        assert session.ct().source.series_uid == wanted

    def test_refusal_is_a_sentence(self, step, session, tmp_path, qtbot):
        (tmp_path / "empty").mkdir()
        step.open_path(tmp_path / "empty")
        rest(step, qtbot)
        assert "Choose the folder of the scan." in step.waiting.words.text()
        assert session.scan is None

    def test_sample_is_made(self, step, session, qtbot, monkeypatch, phantom):
        from covseg_core import phantom as phantoms

        monkeypatch.setattr(phantoms, "make_phantom", lambda _: phantom)
        step.open_sample.click()
        rest(step, qtbot)
        assert session.scan.name == "CT (phantom)"

    def test_stopping_opens_nothing(self, step, session, nifti, qtbot, monkeypatch):
        from napari_covseg.widgets import case

        monkeypatch.setattr(case, "read_scan", endless)
        step.open_path(nifti)
        step.waiting.stop_button.click()
        rest(step, qtbot)
        assert session.scan is None
        assert step.open_file.isEnabled()

    def test_a_file_can_be_dropped(self, step, session, nifti, qtbot):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(nifti))])
        entering = QDragEnterEvent(QPoint(5, 5), *drag(data))
        QApplication.sendEvent(step, entering)
        assert entering.isAccepted()
        QApplication.sendEvent(step, QDropEvent(QPointF(5, 5), *drag(data)))
        rest(step, qtbot)
        assert session.scan.name == "chest"

    def test_text_cannot_be_dropped(self, step):
        data = QMimeData()
        data.setText("hello")
        entering = QDragEnterEvent(QPoint(5, 5), *drag(data))
        entering.ignore()
        QApplication.sendEvent(step, entering)
        assert not entering.isAccepted()


class TestFacts:
    def test_size_spacing_and_values_are_told(self, step, scan, qtbot):
        rest(step, qtbot)
        told = {title: label.text() for title, label in step.facts.values.items()}
        assert told == {
            "Slices": "20 of 48 × 112 pixels",
            "Spacing": "slices 8 mm, pixels 5 × 2.5 mm",
            "Values": "-1000 to 40 HU",
        }
        assert step.facts.notes.isHidden()

    def test_they_go_with_the_scan(self, step, scan, session, qtbot):
        rest(step, qtbot)
        session.viewer.layers.remove(scan)
        assert step.facts.values == {}
        assert session.scan is None


class TestMasks:
    def test_mask_of_the_scan_can_be_chosen(self, step, scan, session, phantom):
        data, arguments, _ = mask_layer(phantom.lesions, "mine")
        layer = session.viewer.add_labels(data, **arguments)
        assert session.mask is None
        step.masks.setCurrentText("mine")
        assert session.mask.layer is layer

    def test_mask_that_is_chosen_is_seen_and_the_last_one_is_not(
        self, step, scan, session, phantom
    ):
        for name in ("first", "second"):
            data, arguments, _ = mask_layer(phantom.lesions, name)
            session.edit(session.viewer.add_labels(data, **arguments))
        first, second = session.viewer.layers["first"], session.viewer.layers["second"]
        first.visible = False
        step.masks.setCurrentText("first")
        assert session.mask.layer is first
        assert (first.visible, second.visible) == (True, False)

    def test_masks_of_other_things_are_not_listed(self, step, scan, session, phantom):
        data, arguments, _ = mask_layer(phantom.lungs, "lungs")
        session.viewer.add_labels(data, **arguments)
        session.viewer.add_labels(np.zeros((3, 4, 5), np.uint8), name="cells")
        assert step.masks.count() == 1
        assert not step.masks.isEnabled()

    @pytest.mark.parametrize(
        ("choice", "label_set"), [(0, "lesions"), (1, "infection")]
    )
    def test_empty_mask_of_either_kind_is_begun(
        self, step, scan, session, choice, label_set
    ):
        step.new_mask.menu().actions()[choice].trigger()
        assert session.mask.label_set.name == label_set
        assert not session.mask.labels.any()
        assert step.masks.currentText() == "CT mask"

    def test_mask_of_a_file_is_edited_at_once(
        self, step, scan, session, phantom, tmp_path, qtbot
    ):
        write_nifti_labels(tmp_path / "drawn.nii.gz", phantom.lesions)
        step.open_path(tmp_path / "drawn.nii.gz")
        rest(step, qtbot)
        assert isinstance(session.viewer.layers["drawn"], Labels)
        assert session.mask.layer is session.viewer.layers["drawn"]

    def test_mask_in_another_voxel_order_is_laid_on_the_scan(
        self, step, scan, session, phantom, tmp_path, qtbot
    ):
        affine = phantom.grid.affine_lps.copy()
        affine[:3, 3] = phantom.grid.world_mm((len(phantom.lesions.labels) - 1, 0, 0))
        affine[:, 2] *= -1
        grid = Grid(phantom.grid.shape, affine)
        labels = phantom.lesions.labels[::-1].copy()
        write_nifti_labels(tmp_path / "turned.nii.gz", LesionMask(labels, grid))
        step.open_path(tmp_path / "turned.nii.gz")
        rest(step, qtbot)
        assert step.masks.currentText() == "turned"
        np.testing.assert_array_equal(session.mask.labels, phantom.lesions.labels)

    @pytest.mark.parametrize("kind", ["lesions", "lungs"])
    def test_mask_that_does_not_lie_quite_on_the_scan_says_so(
        self, step, scan, phantom, tmp_path, qtbot, kind
    ):
        affine = phantom.grid.affine_lps.copy()
        affine[0, 3] += 0.15
        grid = Grid(phantom.grid.shape, affine)
        moved = replace(getattr(phantom, kind), grid=grid)
        write_nifti_labels(tmp_path / f"{kind}.nii.gz", moved)
        step.open_path(tmp_path / f"{kind}.nii.gz")
        rest(step, qtbot)
        assert "lie up to 0.15 mm from those of the scan" in step.waiting.words.text()

    def test_mask_of_another_scan_is_not_opened(
        self, step, scan, session, phantom, tmp_path, qtbot
    ):
        grid = Grid((18, *phantom.grid.shape[1:]), phantom.grid.affine_lps)
        shorter = LesionMask(phantom.lesions.labels[:18], grid)
        write_nifti_labels(tmp_path / "other.nii.gz", shorter)
        step.open_path(tmp_path / "other.nii.gz")
        rest(step, qtbot)
        assert session.mask is None
        assert list(session.viewer.layers) == [scan]
        assert "Use the mask that was drawn on this scan." in step.waiting.words.text()
        assert step.open_file.isEnabled()

    def test_mask_needs_a_scan(self, step, session, phantom, tmp_path, qtbot):
        write_nifti_labels(tmp_path / "drawn.nii.gz", phantom.lesions)
        step.open_path(tmp_path / "drawn.nii.gz")
        rest(step, qtbot)
        assert session.mask is None
        assert step.waiting.words.text().startswith("Open a scan first")

    def test_lungs_of_a_file_are_those_of_the_scan_and_no_mask_to_correct(
        self, step, scan, session, phantom, tmp_path, qtbot
    ):
        write_nifti_labels(tmp_path / "lungs.nii.gz", phantom.lungs)
        step.open_path(tmp_path / "lungs.nii.gz")
        rest(step, qtbot)
        assert session.mask is None
        np.testing.assert_array_equal(session.lungs.labels, phantom.lungs.labels)
        assert step.waiting.words.text() == "lungs.nii.gz was opened as lungs."

    def test_scan_that_was_chosen_meanwhile_gets_no_mask(
        self, step, scan, session, phantom, tmp_path, qtbot, monkeypatch
    ):
        from napari_covseg.widgets import _onto_scan

        def choose_another(*arguments):
            session.choose_scan(None)
            return import_as_layer(*arguments)

        monkeypatch.setattr(_onto_scan, "import_as_layer", choose_another)
        write_nifti_labels(tmp_path / "drawn.nii.gz", phantom.lesions)
        step.open_path(tmp_path / "drawn.nii.gz")
        rest(step, qtbot)
        assert session.mask is None
        assert step.waiting.words.text().startswith("Another scan was chosen")

    def test_every_control_has_a_tooltip(self, step):
        for control in (
            step.open_folder,
            step.open_file,
            step.open_sample,
            step.scans,
            step.masks,
            step.new_mask,
        ):
            assert control.toolTip()


def test_a_scan_is_opened_in_a_window(make_napari_viewer_proxy, nifti, qtbot):
    viewer = make_napari_viewer_proxy()
    step = CaseStep(Session(viewer))
    viewer.window.add_dock_widget(step, name="Case")
    step.open_path(nifti)
    rest(step, qtbot)
    assert [layer.name for layer in viewer.layers] == ["chest"]


def drag(data):
    return (
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


def endless(*_):
    from napari_covseg._files.read_scan import Reading

    while True:
        yield Reading("Reading")
