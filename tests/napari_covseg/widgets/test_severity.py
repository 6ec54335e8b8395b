from __future__ import annotations

import json

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication, QFileDialog

from covseg_core.io.nifti import write_nifti_labels
from covseg_core.volume import Grid, LesionMask, LobeMask, LungMask
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._session.editor import GROWING
from napari_covseg._session.session import Session
from napari_covseg.widgets import _lungs_box, severity
from napari_covseg.widgets.severity import SeverityStep

LONG = 180_000


@pytest.fixture
def session(qapp) -> Session:
    return Session(ViewerModel())


@pytest.fixture
def step(session, qtbot, monkeypatch) -> SeverityStep:
    monkeypatch.setattr(severity, "_WAIT_MS", 30)
    step = SeverityStep(session)
    qtbot.addWidget(step)
    with qtbot.waitExposed(step):
        step.show()
    return step


@pytest.fixture
def scan(session, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    layer = session.viewer.add_image(data, **arguments)
    session.choose_scan(layer)
    return layer


@pytest.fixture
def mask(session, scan, phantom):
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    return session.edit(session.viewer.add_labels(data, **arguments))


@pytest.fixture
def measured(session, step, mask, phantom, qtbot):
    """The step with the figures of the phantom."""
    session.set_lungs(phantom.lungs)
    settle(step, qtbot)
    return step


def settle(step, qtbot):
    qtbot.waitUntil(lambda: not step.is_stale, timeout=LONG)


def found(lungs):
    """Find lungs as a child does, without one."""
    yield None
    return lungs


def choose_another(session, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "Another")
    session.choose_scan(session.viewer.add_image(data, **arguments))


def shown(step):
    table = step.table
    return {
        table.item(row, 0).text(): tuple(
            table.item(row, column).text() for column in (1, 2, 3)
        )
        for row in range(table.rowCount())
    }


class TestWithoutFigures:
    def test_the_step_says_what_is_missing_first(self, step, session, phantom):
        assert step.status.text().startswith("Open a scan")
        assert not step.lungs.find.isEnabled()

    def test_a_scan_without_mask_needs_one(self, step, scan):
        assert step.status.text().startswith("Outline infection")
        assert step.lungs.find.isEnabled()

    def test_a_mask_needs_the_lungs(self, step, mask):
        assert step.status.text().startswith("Find the lungs")
        assert not step.copy.isEnabled()
        assert not step.save.isEnabled()

    def test_every_control_has_a_tooltip(self, step):
        controls = (
            step.lungs.find,
            step.lungs.show_lungs,
            step.table,
            step.map.map,
            step.map.scores,
            step.lungs.lobes,
            step.copy,
        )
        assert all(control.toolTip() for control in controls)


class TestFigures:
    def test_table_tells_volumes_and_shares_of_each_lung(self, measured):
        assert shown(measured)["Lung (ml)"] == ("600.0", "400.0", "1000")
        assert shown(measured)["Opacity (%)"] == ("8.3", "5.0", "7.0")
        assert shown(measured)["Consolidation (ml)"] == ("0.0", "20.0", "20.0")

    def test_map_tells_the_same_in_words(self, measured):
        words = measured.map.map.toolTip()
        assert "front of each lung stands left" in measured.map.remarks.text()
        assert words.startswith("CT-SS, on 20 equal-volume regions: a proxy")
        assert "Right fourth fifth, back: 30 %, 1 point" in words

    def test_map_shows_the_score_that_is_chosen_and_keeps_to_it(
        self, measured, mask, qtbot
    ):
        place = measured.map.scores.findText("Map: 25-point score")
        measured.map.scores.setCurrentIndex(place)
        assert "Right lower zone: 11 %, 2 points" in measured.map.map.toolTip()
        assert "not to be compared with published totals" in measured.map.remarks.text()
        assert "front of each lung" not in measured.map.remarks.text()
        mask.apply("Erase", np.zeros_like(mask.labels))
        settle(measured, qtbot)
        assert measured.map.scores.currentText() == "Map: 25-point score"
        assert "Right lower zone: 0 %, 0 points" in measured.map.map.toolTip()

    def test_points_stand_in_the_table(self, measured):
        assert shown(measured)["CT-SS *"] == ("6/20", "2/20", "8/40")

    def test_map_can_be_drawn(self, measured):
        measured.map.map.resize(measured.map.map.sizeHint())
        colours = {
            measured.map.map.grab().toImage().pixelColor(x, 120).name()
            for x in range(0, 220, 4)
        }
        assert len(colours) > 2

    def test_a_correction_makes_them_stale_and_then_new(self, measured, mask, qtbot):
        labels = mask.labels.copy()
        labels[labels == 2] = 0
        mask.apply("Erase", labels)
        assert measured.is_stale
        assert not measured.table.isEnabled()
        assert not measured.copy.isEnabled()
        assert measured.map.map.is_stale
        assert measured.status.text().startswith("Out of date")
        settle(measured, qtbot)
        assert shown(measured)["Consolidation (ml)"] == ("0.0", "0.0", "0.0")
        assert measured.table.isEnabled()
        assert measured.status.text() == ""

    def test_mask_that_grows_is_measured_once_it_is_whole(self, measured, mask, qtbot):
        mask.lock()
        mask.labels[...] = 0
        assert measured.status.text() == GROWING
        qtbot.wait(100)
        assert not measured.is_stale
        for control in (measured.copy, measured.save, measured.table):
            assert not control.isEnabled()
        mask.unlock()
        mask.commit()
        settle(measured, qtbot)
        assert shown(measured)["Opacity (%)"] == ("0.0", "0.0", "0.0")
        assert measured.copy.isEnabled()

    def test_mask_that_grows_is_not_shown_though_it_was_being_measured(
        self, measured, mask, qtbot
    ):
        # Polled from outside, a quick run could be over unseen.
        measured._latest.advanced.connect(lambda _: mask.lock())
        mask.apply("Erase", np.zeros_like(mask.labels))
        qtbot.waitUntil(lambda: mask.is_locked, timeout=LONG)
        settle(measured, qtbot)
        assert measured.status.text() == GROWING
        assert shown(measured)["Opacity (%)"] == ("8.3", "5.0", "7.0")
        assert not measured.copy.isEnabled()

    def test_ticked_slices_are_no_reason_to_measure(self, measured, mask):
        mask.tick(frozenset({3}))
        assert not measured.is_stale

    def test_mask_of_another_size_is_told_in_a_sentence(
        self, measured, session, phantom, qtbot
    ):
        grid = Grid((18, *phantom.grid.shape[1:]), phantom.grid.affine_lps)
        shorter = LesionMask(phantom.lesions.labels[:18], grid)
        data, arguments, _ = mask_layer(shorter, "of another scan")
        session.edit(session.viewer.add_labels(data, **arguments))
        qtbot.waitUntil(lambda: "mask has shape" in measured.status.text().lower())
        assert measured.found is None

    def test_undo_counts_as_a_correction(self, measured, mask, qtbot):
        mask.apply("Erase", np.zeros_like(mask.labels))
        settle(measured, qtbot)
        mask.undo()
        settle(measured, qtbot)
        assert shown(measured)["Opacity (%)"] == ("8.3", "5.0", "7.0")

    def test_edits_during_a_measurement_are_measured_too(self, measured, mask, qtbot):
        undone = []

        def undo_once(_):
            if not undone:
                undone.append(True)
                mask.undo()

        measured._latest.advanced.connect(undo_once)
        mask.apply("Erase", np.zeros_like(mask.labels))
        qtbot.waitUntil(lambda: bool(undone), timeout=LONG)
        settle(measured, qtbot)
        assert shown(measured)["Opacity (%)"] == ("8.3", "5.0", "7.0")

    def test_nothing_is_measured_while_nobody_sees_it(self, measured, mask, qtbot):
        measured.hide()
        mask.apply("Erase", np.zeros_like(mask.labels))
        qtbot.wait(100)
        assert measured.is_stale
        with qtbot.waitExposed(measured):
            measured.show()
        settle(measured, qtbot)
        assert shown(measured)["Opacity (%)"] == ("0.0", "0.0", "0.0")

    def test_removing_the_mask_empties_the_table(self, measured, session, mask):
        session.viewer.layers.remove(mask.layer)
        assert measured.table.rowCount() == 0
        assert measured.status.text().startswith("Outline infection")

    def test_empty_lungs_are_told_in_a_sentence(self, session, step, mask, qtbot):
        ct = session.ct()
        session.set_lungs(LungMask(np.zeros(ct.grid.shape, np.uint8), ct.grid))
        settle(step, qtbot)
        assert step.status.text().startswith("The lung mask is empty")


class TestLungs:
    def test_they_are_found_in_another_process(self, session, step, mask, qtbot):
        step.lungs.find.click()
        assert step.lungs.waiting.is_busy
        qtbot.waitUntil(lambda: session.lungs is not None, timeout=LONG)
        settle(step, qtbot)
        right, left, _ = shown(step)["Lung (ml)"]
        assert float(right) == pytest.approx(600, rel=0.1)
        assert float(left) == pytest.approx(400, rel=0.1)
        assert step.lungs.find.isHidden()

    def test_they_are_kept_for_their_scan_though_another_is_in_front(
        self, session, step, scan, phantom, qtbot, monkeypatch
    ):
        monkeypatch.setattr(_lungs_box, "in_child", lambda *_: found(phantom.lungs))
        step.lungs.find.click()
        choose_another(session, phantom)
        qtbot.waitUntil(lambda: not step.lungs.waiting.is_busy, timeout=LONG)
        assert session.lungs is None
        assert session.lungs_of(scan) is phantom.lungs

    def test_they_are_shown_on_request(self, session, measured, mask, qtbot):
        session.viewer.layers.selection.active = mask.layer
        measured.lungs.show_lungs.setChecked(True)
        assert "Lungs" in session.viewer.layers
        assert session.viewer.layers.selection.active is mask.layer
        measured.lungs.show_lungs.setChecked(False)
        qtbot.waitUntil(lambda: "Lungs" not in session.viewer.layers)

    def test_they_stay_on_screen_when_those_of_another_scan_come(
        self, session, measured, scan, phantom
    ):
        choose_another(session, phantom)
        another = session.scan
        session.choose_scan(scan)
        measured.lungs.show_lungs.setChecked(True)
        session.set_lungs(phantom.lungs, another)
        assert measured.lungs.show_lungs.isChecked()
        session.choose_scan(another)
        assert measured.lungs.show_lungs.isChecked()

    def test_box_is_unticked_when_they_are_removed_by_hand(self, session, measured):
        measured.lungs.show_lungs.setChecked(True)
        session.viewer.layers.remove("Lungs")
        assert not measured.lungs.show_lungs.isChecked()

    def test_they_can_be_removed_together_with_the_scan(self, session, measured):
        measured.lungs.show_lungs.setChecked(True)
        # As napari does with layers that are selected: each one must be there.
        for layer in list(session.viewer.layers):
            session.viewer.layers.remove(layer)


class TestHandingOn:
    def test_copy_gives_text_with_tabs(self, measured):
        measured.copy.click()
        lines = QApplication.clipboard().text().split("\n")
        assert lines[0] == "Score\tRight\tLeft\tBoth"
        assert "Opacity (%)\t8.3\t5.0\t7.0" in lines

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.json", "PDF (*.pdf)"),
            ("a.csv", ""),
            ("a.pdf", ""),
            ("a.html", ""),
            ("a", "JSON (*.json)"),
        ],
    )
    def test_save_writes_the_whole_report(
        self, measured, tmp_path, monkeypatch, qtbot, name, kind
    ):
        path = tmp_path / name
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_: (str(path), kind)
        )
        measured.save.click()
        qtbot.waitUntil(lambda: not measured.waiting.is_busy, timeout=LONG)
        written = path if path.suffix else path.with_name("a.json")
        assert measured.waiting.words.text() == f"Saved {written.name}."
        if written.suffix == ".json":
            document = json.loads(written.read_text("utf-8"))
            assert document["opacity"]["both"]["percent_opacity"] == pytest.approx(7)
            assert document["scores"]["ct_ss"]["total"] == 8
            assert "density" in document
        else:
            assert len(written.read_bytes()) > 500

    def test_a_name_without_suffix_replaces_nothing(
        self, measured, tmp_path, monkeypatch
    ):
        (tmp_path / "a.pdf").write_text("mine")
        path = str(tmp_path / "a")
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (path, ""))
        measured.save.click()
        assert not measured.waiting.is_busy
        assert measured.waiting.words.text().startswith("a.pdf is there already")
        assert (tmp_path / "a.pdf").read_text() == "mine"

    def test_a_folder_that_is_not_there_is_told(
        self, measured, tmp_path, monkeypatch, qtbot
    ):
        path = tmp_path / "gone" / "a.json"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        measured.save.click()
        qtbot.waitUntil(lambda: not measured.waiting.is_busy, timeout=LONG)
        assert "its folder does not exist" in measured.waiting.words.text()


class TestLobes:
    @pytest.fixture
    def lobes(self, phantom, tmp_path):
        """Upper and lower halves by height; the right lung has no middle lobe."""
        lungs = phantom.lungs
        upper = np.arange(lungs.labels.shape[0])[:, None, None] >= 10
        right, left = np.where(upper, 3, 5), np.where(upper, 1, 2)
        labels = np.choose(lungs.labels, [0, right, left])
        mask = LobeMask(labels.astype(np.uint8), lungs.grid)
        write_nifti_labels(tmp_path / "lobes.nii.gz", mask)
        return tmp_path / "lobes.nii.gz"

    def test_scores_are_by_lobe(self, measured, lobes, session, monkeypatch, qtbot):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(lobes), ""))
        measured.lungs.lobes.click()
        qtbot.waitUntil(lambda: session.lobes is not None, timeout=LONG)
        settle(measured, qtbot)
        right, left, both = shown(measured)["25-point score"]
        assert (right, left, both) == ("–/15", "3/10", "–/25")

    def test_lobes_bring_the_lungs(self, step, mask, session, lobes, qtbot):
        step.lungs.open_lobes(lobes)
        qtbot.waitUntil(lambda: session.lobes is not None, timeout=LONG)
        settle(step, qtbot)
        assert shown(step)["Lung (ml)"] == ("600.0", "400.0", "1000")

    def test_lobes_stay_with_their_scan_when_another_is_chosen(
        self, step, scan, session, lobes, phantom, qtbot
    ):
        step.lungs.open_lobes(lobes)
        choose_another(session, phantom)
        qtbot.waitUntil(lambda: not step.lungs.waiting.is_busy, timeout=LONG)
        assert (session.lobes, session.lungs) == (None, None)
        session.choose_scan(scan)
        assert session.lobes is not None
        assert session.lungs is not None

    def test_a_mask_of_something_else_is_told(
        self, step, scan, phantom, tmp_path, qtbot
    ):
        labels = np.full(phantom.lungs.labels.shape, 9, np.uint8)
        path = tmp_path / "other.nii.gz"
        write_nifti_labels(path, LobeMask(labels, phantom.lungs.grid))
        step.lungs.open_lobes(path)
        qtbot.waitUntil(lambda: not step.lungs.waiting.is_busy, timeout=LONG)
        assert "other.nii.gz" in step.lungs.waiting.words.text()
