"""What is saved is what is on screen; what is opened lies where it was drawn."""

from __future__ import annotations

import json
from dataclasses import replace

import nrrd
import numpy as np
import pytest
from napari.components import ViewerModel
from pydicom import dcmread
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog, QMessageBox, QPushButton

from covseg_core.errors import UsageError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.capture_write import write_secondary_captures
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.nifti import read_nifti_labels, write_nifti_labels
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.transforms.orient import standardise_mask
from covseg_core.volume import CTVolume, Grid, LesionMask
from napari_covseg._convert import ct_layer, mask_from_layer, mask_layer
from napari_covseg._files.export_wish import wish_of
from napari_covseg._session.session import Session
from napari_covseg.widgets.export import ExportStep

LONG = 180_000
MODEL = MaskOrigin("model", "infnet-multi-small", "5" * 64)


@pytest.fixture
def viewer(qapp) -> ViewerModel:
    """A viewer without a window."""
    return ViewerModel()


@pytest.fixture
def session(viewer) -> Session:
    return Session(viewer)


@pytest.fixture
def step(session, qtbot) -> ExportStep:
    step = ExportStep(session)
    qtbot.addWidget(step)
    return step


@pytest.fixture
def show(viewer, session):
    """Show a scan, and a mask on it that a model drew; gives the editor."""

    def add(ct, mask=None):
        data, arguments, _ = ct_layer(ct, "Doe Jane 4711")
        session.choose_scan(viewer.add_image(data, **arguments))
        if mask is None:
            return None
        data, arguments, _ = mask_layer(mask, "Doe Jane mask")
        return session.edit(viewer.add_labels(data, **arguments), MODEL)

    return add


@pytest.fixture(scope="session")
def dicom_ct(phantom, tmp_path_factory):
    """The phantom, read from a DICOM series."""
    folder = tmp_path_factory.mktemp("export") / "series"
    write_dicom_series(phantom.ct, folder)
    return read_dicom(folder)


@pytest.fixture
def save(step, qtbot):
    """Choose what and how, save, and wait for the end."""

    def run(path, content="mask", kind="nifti"):
        step.form.contents.choose(content)
        box = step.form.reports if content == "report" else step.form.formats
        box.choose(kind)
        step.save_to(path)
        wait(step.waiting, qtbot)

    return run


def wait(line, qtbot):
    qtbot.waitUntil(lambda: not line.is_busy, timeout=LONG)


def is_offered(box, name):
    return box.model().item(box.findData(name)).isEnabled()


class TestWhatIsOffered:
    def test_nothing_without_a_scan(self, step):
        assert not step.button.isEnabled()
        assert not step.opening.button.isEnabled()
        assert step.form.about.text().startswith("Open a chest CT first")
        assert step.button.toolTip().startswith("Open a chest CT first")

    def test_only_the_lungs_without_a_mask(self, step, show, phantom):
        show(phantom.ct)
        assert "There is no mask yet" in step.form.about.text()
        assert not step.button.isEnabled()
        step.form.contents.choose("lungs")
        assert step.button.isEnabled()
        assert step.opening.button.isEnabled()

    def test_dicom_formats_only_for_a_scan_from_dicom(
        self, step, show, phantom, dicom_ct
    ):
        show(phantom.ct, phantom.lesions)
        for name in ("dicom-seg", "rtstruct"):
            assert not is_offered(step.form.formats, name)
            index = step.form.formats.findData(name)
            tip = step.form.formats.itemData(index, Qt.ItemDataRole.ToolTipRole)
            assert tip.startswith("This scan was not read from DICOM")
        show(dicom_ct, phantom.lesions)
        assert is_offered(step.form.formats, "dicom-seg")

    def test_a_format_that_is_no_longer_possible_gives_way(
        self, step, show, phantom, dicom_ct
    ):
        show(dicom_ct, phantom.lesions)
        step.form.formats.choose("dicom-seg")
        show(phantom.ct, phantom.lesions)
        assert step.form.format.name == "nifti"

    def test_both_masks_not_in_one_nifti(self, step, show, phantom):
        show(phantom.ct, phantom.lesions)
        step.form.contents.choose("both")
        assert step.form.format.name == "nrrd"
        assert not is_offered(step.form.formats, "nifti")
        step.form.contents.choose("report")
        assert not step.form.formats.isVisibleTo(step)
        assert step.form.reports.isVisibleTo(step)

    def test_no_mask_while_it_is_outlined_but_the_lungs(self, step, show, phantom):
        editor = show(phantom.ct, phantom.lesions)
        editor.lock()
        assert not step.button.isEnabled()
        assert step.button.toolTip() == "Wait until the outline is done."
        step.form.contents.choose("lungs")
        assert step.button.isEnabled()
        step.form.contents.choose("report")
        assert not step.button.isEnabled()
        editor.unlock()
        assert step.button.isEnabled()

    def test_only_the_mask_in_front_is_waited_for(self, step, show, viewer, phantom):
        before = show(phantom.ct, phantom.lesions)
        show(phantom.ct, phantom.lesions)
        before.lock()
        assert step.button.isEnabled()

    def test_nothing_of_a_synthetic_scan(self, step, show, phantom):
        source = replace(phantom.ct.source, is_synthetic=True)
        show(replace(phantom.ct, source=source), phantom.lesions)
        assert not step.button.isEnabled()
        assert "This scan is synthetic" in step.form.about.text()

    def test_every_control_has_a_tooltip(self, step, show, phantom):
        show(phantom.ct, phantom.lesions)
        for kind in (QPushButton, QComboBox):
            for control in step.findChildren(kind):
                assert control.toolTip(), control


class TestSaving:
    def test_nifti_lies_on_the_grid_that_was_read(
        self, step, show, save, turned, tmp_path
    ):
        ct, lesions = turned
        show(ct, lesions)
        save(tmp_path / "mask.nii.gz")
        again = read_nifti_labels(tmp_path / "mask.nii.gz", LESIONS)
        assert np.array_equal(again.labels, lesions.labels)
        assert again.grid.matches(ct.grid)
        assert step.saved.words.text() == "Saved mask.nii.gz: infection 70.0 ml."
        assert step.saved.isVisibleTo(step)

    def test_mask_is_saved_though_its_scan_was_removed_and_opened_again(
        self, session, viewer, show, save, turned, tmp_path
    ):
        ct, lesions = turned
        editor = show(ct, lesions)
        viewer.layers.remove(session.scan)
        show(ct)
        editor.apply("Erase", np.where(editor.labels == 2, 0, editor.labels))
        save(tmp_path / "mask.nii.gz")
        again = read_nifti_labels(tmp_path / "mask.nii.gz", LESIONS)
        left = np.where(lesions.labels == 2, 0, lesions.labels)
        np.testing.assert_array_equal(again.labels, left)

    def test_words_of_one_scan_do_not_stay_beside_another(
        self, step, show, save, phantom, tmp_path
    ):
        show(phantom.ct, phantom.lesions)
        save(tmp_path / "mask.nii.gz")
        assert not step.saved.isHidden()
        show(phantom.ct)
        assert step.saved.isHidden()

    def test_half_grown_mask_is_refused_and_the_whole_one_is_not(
        self, step, show, save, phantom, tmp_path
    ):
        editor = show(phantom.ct, phantom.lesions)
        editor.lock()
        save(tmp_path / "mask.nii.gz")
        assert step.waiting.words.text() == "Wait until the outline is done."
        assert not list(tmp_path.iterdir())
        editor.unlock()
        save(tmp_path / "mask.nii.gz")
        assert (tmp_path / "mask.nii.gz").exists()

    def test_report_of_a_half_grown_mask_is_refused(
        self, session, show, phantom, tmp_path
    ):
        show(phantom.ct, phantom.lesions).lock()
        with pytest.raises(UsageError, match="Wait until the outline is done"):
            wish_of(session, tmp_path / "report.pdf", "report", "pdf")

    def test_dicom_segmentation_says_that_the_mask_was_edited(
        self, show, save, dicom_ct, phantom, tmp_path
    ):
        editor = show(dicom_ct, phantom.lesions)
        labels = editor.labels.copy()
        labels[2, :3, :3] = 2
        editor.apply("Brush", labels)
        save(tmp_path / "mask.dcm", kind="dicom-seg")
        found = read_dicom_seg(tmp_path / "mask.dcm", dicom_ct)
        shown = mask_from_layer(editor.labels, editor.layer.metadata)
        assert np.array_equal(found.lesions.labels, shown.labels)
        segment = dcmread(tmp_path / "mask.dcm").SegmentSequence[0]
        assert segment.SegmentAlgorithmType == "SEMIAUTOMATIC"
        assert segment.SegmentAlgorithmName == "infnet-multi-small"

    def test_infection_and_lungs_go_into_one_file(
        self, step, session, show, save, phantom, tmp_path
    ):
        show(phantom.ct, phantom.lesions)
        session.set_lungs(standardise_mask(phantom.lungs))
        save(tmp_path / "both.seg.nrrd", "both", "nrrd")
        layers, _ = nrrd.read(str(tmp_path / "both.seg.nrrd"))
        assert np.array_equal(layers[0].T, phantom.lesions.labels)
        assert np.array_equal(layers[1].T, phantom.lungs.labels)
        assert "infection 70.0 ml, lungs 1000.0 ml" in step.saved.words.text()

    def test_lungs_are_found_when_nobody_has_yet(
        self, step, show, save, phantom, tmp_path
    ):
        show(phantom.ct)
        save(tmp_path / "lungs.nii.gz", "lungs")
        again = read_nifti_labels(tmp_path / "lungs.nii.gz", LUNGS)
        assert again.volumes_ml["right_lung"] == pytest.approx(600, rel=0.05)
        assert again.grid.matches(phantom.ct.grid)

    def test_contours_can_be_saved(self, show, save, dicom_ct, phantom, tmp_path):
        editor = show(dicom_ct, phantom.lesions)
        editor.mark_unsaved()
        save(tmp_path / "contours.dcm", kind="rtstruct")
        assert dcmread(tmp_path / "contours.dcm").Modality == "RTSTRUCT"
        assert not editor.is_saved

    @pytest.mark.parametrize("kind", ["json", "csv", "html", "pdf"])
    def test_a_report_can_be_saved_in_every_format_and_has_no_name(
        self, step, session, show, save, dicom_ct, phantom, tmp_path, kind
    ):
        show(dicom_ct, phantom.lesions)
        session.set_lungs(standardise_mask(phantom.lungs))
        save(tmp_path / "severity", "report", kind)
        written = (tmp_path / f"severity.{kind}").read_bytes()
        assert b"Doe Jane" not in written
        assert step.saved.words.text().startswith(f"Saved severity.{kind}: ")
        if kind == "json":
            report = json.loads(written)
            assert report["opacity"]["both"]["percent_opacity"] == pytest.approx(7)
            assert report["model"]["name"] == "infnet-multi-small"
            assert report["mask"]["kind"] == "model"
            assert "research use" in report["warning"]

    def test_a_report_for_a_pacs_is_a_folder_of_dicom_files_in_place_of_the_older_ones(
        self, step, session, show, save, dicom_ct, phantom, tmp_path, qtbot
    ):
        show(dicom_ct, phantom.lesions)
        session.set_lungs(standardise_mask(phantom.lungs))
        folder = tmp_path / "severity"
        folder.mkdir()
        write_secondary_captures(folder, dicom_ct, [np.zeros((2, 2, 3), np.uint8)])
        save(folder, "report", "dicom")
        assert "severity is there already" in step.question.text()
        step.question.button(QMessageBox.StandardButton.Yes).click()
        wait(step.waiting, qtbot)
        kinds = {dcmread(path).Modality: path.name for path in folder.iterdir()}
        assert kinds == {
            "SEG": "segmentation.dcm",
            "SR": "measurements.dcm",
            "DOC": "report.dcm",
        }

    def test_a_scan_that_is_not_dicom_has_no_report_for_a_pacs(
        self, step, show, phantom
    ):
        show(phantom.ct, phantom.lesions)
        step.form.contents.choose("report")
        assert not is_offered(step.form.reports, "dicom")
        assert is_offered(step.form.reports, "pdf")

    def test_a_name_gets_the_suffix_of_its_format(self, show, save, phantom, tmp_path):
        show(phantom.ct, phantom.lesions)
        save(tmp_path / "first")
        save(tmp_path / "second.nii")
        save(tmp_path / "third", kind="nrrd")
        assert {path.name for path in tmp_path.iterdir()} == {
            "first.nii.gz",
            "second.nii",
            "third.seg.nrrd",
        }

    def test_the_dialog_suggests_a_name_without_patient_data(
        self, step, show, phantom, tmp_path, monkeypatch, qtbot
    ):
        show(phantom.ct, phantom.lesions)
        asked = []

        def answer(parent, title, name, *_, **__):
            asked.append(name)
            return str(tmp_path / "mine.nii.gz"), ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
        for _ in range(2):
            step.button.click()
            wait(step.waiting, qtbot)
            (tmp_path / "mine.nii.gz").unlink()
        assert asked == ["lesions.nii.gz", str(tmp_path / "lesions.nii.gz")]

    def test_a_file_is_replaced_only_when_the_reader_says_so(
        self, step, show, save, phantom, tmp_path, qtbot
    ):
        show(phantom.ct, phantom.lesions)
        (tmp_path / "mask.nii.gz").write_bytes(b"old")
        save(tmp_path / "mask.nii.gz")
        assert "mask.nii.gz is there already" in step.question.text()
        step.question.button(QMessageBox.StandardButton.Cancel).click()
        assert not step.waiting.is_busy
        assert (tmp_path / "mask.nii.gz").read_bytes() == b"old"
        save(tmp_path / "mask")
        step.question.button(QMessageBox.StandardButton.Yes).click()
        wait(step.waiting, qtbot)
        again = read_nifti_labels(tmp_path / "mask.nii.gz", LESIONS)
        assert np.array_equal(again.labels, phantom.lesions.labels)

    def test_a_folder_that_is_not_there_is_told_in_a_sentence(
        self, step, show, save, phantom, tmp_path
    ):
        editor = show(phantom.ct, phantom.lesions)
        editor.mark_unsaved()
        save(tmp_path / "absent" / "mask.nii.gz")
        assert "ask.nii.gz could not be written" in step.waiting.words.text()
        assert str(tmp_path) not in step.waiting.words.text()
        assert not editor.is_saved
        assert not step.saved.isVisibleTo(step)
        assert step.button.isEnabled()

    def test_dicom_files_that_are_gone_are_told(
        self, step, show, save, phantom, tmp_path
    ):
        folder = tmp_path / "series"
        write_dicom_series(phantom.ct, folder)
        show(read_dicom(folder), phantom.lesions)
        (folder / "slice_0003.dcm").unlink()
        save(tmp_path / "mask.dcm", kind="dicom-seg")
        assert "slice_0003.dcm" in step.waiting.words.text()
        assert not (tmp_path / "mask.dcm").exists()


class TestUnsavedEdits:
    def test_a_saved_mask_is_saved(self, show, save, phantom, tmp_path):
        editor = show(phantom.ct, phantom.lesions)
        editor.mark_unsaved()
        save(tmp_path / "mask.nii.gz")
        assert editor.is_saved

    def test_what_was_painted_meanwhile_is_neither_saved_nor_called_so(
        self, step, show, phantom, tmp_path, qtbot
    ):
        editor = show(phantom.ct, phantom.lesions)
        editor.mark_unsaved()
        step.save_to(tmp_path / "mask.nii.gz")
        editor.apply("Brush", np.zeros_like(editor.labels))
        wait(step.waiting, qtbot)
        again = read_nifti_labels(tmp_path / "mask.nii.gz", LESIONS)
        assert np.array_equal(again.labels, phantom.lesions.labels)
        assert not editor.is_saved

    def test_lungs_and_reports_do_not_save_a_mask(self, show, save, phantom, tmp_path):
        editor = show(phantom.ct, phantom.lesions)
        editor.mark_unsaved()
        save(tmp_path / "lungs.nii.gz", "lungs")
        save(tmp_path / "severity.json", "report", "json")
        assert not editor.is_saved


class TestOpening:
    def test_an_exported_segmentation_comes_back_voxel_by_voxel(
        self, step, session, show, save, dicom_ct, phantom, tmp_path, qtbot
    ):
        first = show(dicom_ct, phantom.lesions)
        session.set_lungs(standardise_mask(phantom.lungs))
        save(tmp_path / "both.dcm", "both", "dicom-seg")
        session.set_lungs(None)
        step.opening.open_path(tmp_path / "both.dcm")
        wait(step.opening.waiting, qtbot)
        assert session.mask is not first
        assert session.mask.layer.visible
        assert not first.layer.visible
        assert np.array_equal(session.mask.labels, first.labels)
        assert session.mask.origin == MODEL
        assert session.mask.is_saved
        lungs = standardise_mask(phantom.lungs)
        assert np.array_equal(session.lungs.labels, lungs.labels)
        assert step.opening.waiting.words.text() == (
            "both.dcm was opened as ground-glass opacity, consolidation and lungs."
        )

    def test_a_nifti_mask_lies_where_it_was_drawn(
        self, step, session, show, turned, tmp_path, qtbot
    ):
        ct, lesions = turned
        show(ct)
        write_nifti_labels(tmp_path / "mask.nii.gz", standardise_mask(lesions))
        step.opening.open_path(tmp_path / "mask.nii.gz")
        wait(step.opening.waiting, qtbot)
        shown = mask_from_layer(session.mask.labels, session.mask.layer.metadata)
        assert np.array_equal(shown.labels, lesions.labels)
        assert shown.grid.matches(ct.grid)

    def test_the_suggested_name_of_one_class_is_understood_again(
        self, step, session, show, save, phantom, tmp_path, qtbot
    ):
        labels = (phantom.lesions.labels > 0).astype(np.uint8)
        show(phantom.ct, LesionMask(labels, phantom.grid, INFECTION))
        save(tmp_path / step.form.suggested_name())
        step.opening.open_path(tmp_path / "infection.nii.gz")
        wait(step.opening.waiting, qtbot)
        assert session.mask.label_set.name == "infection"

    def test_lungs_become_the_lungs_of_the_scan(
        self, step, session, show, phantom, tmp_path, qtbot
    ):
        show(phantom.ct)
        write_nifti_labels(tmp_path / "lungs.nii.gz", phantom.lungs)
        step.opening.open_path(tmp_path / "lungs.nii.gz")
        wait(step.opening.waiting, qtbot)
        expected = standardise_mask(phantom.lungs)
        assert np.array_equal(session.lungs.labels, expected.labels)
        assert session.mask is None

    def test_a_mask_of_another_scan_is_refused(
        self, step, session, viewer, show, dicom_ct, phantom, tmp_path, qtbot
    ):
        mask = TracedMask(phantom.lesions, MaskOrigin("manual"))
        write_dicom_seg(tmp_path / "mask.dcm", dicom_ct, [mask])
        shifted = phantom.grid.affine_lps.copy()
        shifted[0, 3] += 0.4
        show(CTVolume(phantom.ct.hu, Grid(phantom.grid.shape, shifted)))
        step.opening.open_path(tmp_path / "mask.dcm")
        wait(step.opening.waiting, qtbot)
        assert "not resampled" in step.opening.waiting.words.text()
        assert session.mask is None
        assert len(viewer.layers) == 1

    def test_what_is_no_mask_is_refused(self, step, show, phantom, tmp_path, qtbot):
        show(phantom.ct)
        (tmp_path / "notes.txt").write_text("hello")
        step.opening.open_path(tmp_path / "notes.txt")
        wait(step.opening.waiting, qtbot)
        told = step.opening.waiting.words.text()
        assert told[1:].startswith(
            "otes.txt is neither a DICOM segmentation nor a NIfTI"
        )

    def test_the_dialog_opens_a_mask(
        self, step, session, show, phantom, tmp_path, monkeypatch, qtbot
    ):
        show(phantom.ct)
        write_nifti_labels(tmp_path / "m.nii.gz", phantom.lesions)
        monkeypatch.setattr(
            QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "m.nii.gz"), "")
        )
        step.opening.button.click()
        wait(step.opening.waiting, qtbot)
        assert session.mask.layer.name == "m"


def test_a_real_window_saves_a_mask(make_napari_viewer_proxy, phantom, tmp_path, qtbot):
    viewer = make_napari_viewer_proxy()
    session = Session(viewer)
    step = ExportStep(session)
    viewer.window.add_dock_widget(step, name="Export")
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    session.choose_scan(viewer.add_image(data, **arguments))
    data, arguments, _ = mask_layer(phantom.lesions, "mask")
    session.edit(viewer.add_labels(data, **arguments))
    step.save_to(tmp_path / "mask.nii.gz")
    wait(step.waiting, qtbot)
    again = read_nifti_labels(tmp_path / "mask.nii.gz", LESIONS)
    assert np.array_equal(again.labels, phantom.lesions.labels)
