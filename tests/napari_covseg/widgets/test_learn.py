from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPushButton,
)

from covseg_core.cases.contribute import MaskStory, contribute
from covseg_core.cases.store import CaseStore
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.labels import LESIONS
from covseg_core.learn.plan import run_folder
from covseg_core.registry.promotion import promoted
from covseg_core.registry.store import DEFAULT_MODEL, list_models
from napari_covseg._convert import blank_mask_layer, ct_layer, mask_layer
from napari_covseg._screen.remembered import ROLE, remember
from napari_covseg._session.session import Session
from napari_covseg.widgets.learn import LearnWidget

LONG = 120_000


@pytest.fixture
def session(qapp):
    return Session(ViewerModel())


@pytest.fixture
def widget(session, qtbot):
    made = LearnWidget(session)
    qtbot.addWidget(made)
    yield made
    made.training.stop()
    qtbot.waitUntil(lambda: not made.training.is_busy, timeout=LONG)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cases"


@pytest.fixture
def store(root, phantom):
    """A finished case to learn from and one held out."""
    made = CaseStore.create(root)
    for number, split in enumerate(("train", "held-out")):
        ct = replace(phantom.ct, hu=phantom.ct.hu + number)
        case = made.add_case(ct, lungs=phantom.lungs, split=split).case_id
        made.add_mask(case, phantom.lesions, source="manual")
        made.set_state(case, "done")
    return made


@pytest.fixture
def scan(session, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    layer = session.viewer.add_image(data, **arguments)
    session.choose_scan(layer)
    return layer


@pytest.fixture
def editor(session, scan, phantom):
    """A mask that a model drew."""
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    layer = session.viewer.add_labels(data, **arguments)
    return session.edit(layer, MaskOrigin("model", "infnet-small", "0" * 64))


def give(widget, qtbot):
    with qtbot.waitSignal(widget.store_changed, timeout=LONG):
        widget.giving.panel.button.click()


def settle(widget, qtbot, words):
    qtbot.waitUntil(lambda: words in widget.stock.text(), timeout=LONG)


class TestAdding:
    def test_nothing_can_be_added_without_store_and_mask_and_the_button_says_why(
        self, widget, root, scan
    ):
        button = widget.giving.panel.button
        assert not button.isEnabled()
        assert button.toolTip() == "Choose a folder of cases first."
        widget.stores.choose(root)
        assert not button.isEnabled()
        assert "correct infection first" in button.toolTip()

    def test_mask_is_not_added_while_it_is_outlined(self, widget, root, editor):
        widget.stores.choose(root)
        button = widget.giving.panel.button
        assert button.isEnabled()
        editor.lock()
        assert not button.isEnabled()
        assert button.toolTip() == "Wait until the outline is done."
        editor.unlock()
        assert button.isEnabled()

    def test_corrected_mask_becomes_a_finished_case(
        self, widget, root, session, editor, phantom, qtbot
    ):
        remember(ROLE, "radiologist")
        widget.stores.choose(root)
        corrected = editor.labels.copy()
        corrected[8] = 0
        editor.apply("Clear", corrected)
        give(widget, qtbot)
        store = CaseStore(root)
        record = store.read("case-0001")
        version = record.versions[0]
        assert (record.state, record.split) == ("done", "train")
        assert (version.source, version.model) == ("edited", "infnet-small")
        assert version.role == "radiologist"
        np.testing.assert_array_equal(store.mask("case-0001").labels, corrected)
        assert "Split train: the model learns from it." in (
            widget.giving.panel.status.text()
        )
        assert editor.is_saved
        assert (session.case.case_id, editor.parent_version) == ("case-0001", 1)
        settle(widget, qtbot, "1 finished case to learn from")
        assert widget.training.button.isEnabled()

    @pytest.mark.parametrize("turned", ["sagittal"], indirect=True)
    def test_scan_is_stored_in_the_order_that_it_was_read(
        self, widget, root, session, turned, qtbot
    ):
        ct, lesions = turned
        data, arguments, _ = ct_layer(ct, "CT")
        session.choose_scan(session.viewer.add_image(data, **arguments))
        data, arguments, _ = mask_layer(lesions, "Infection")
        session.edit(session.viewer.add_labels(data, **arguments))
        widget.stores.choose(root)
        give(widget, qtbot)
        store = CaseStore(root)
        assert store.grid("case-0001").matches(ct.grid)
        np.testing.assert_array_equal(store.ct("case-0001").hu, ct.hu)
        np.testing.assert_array_equal(store.mask("case-0001").labels, lesions.labels)

    def test_mask_begun_by_hand_on_a_case_has_no_parent(
        self, widget, root, session, editor, qtbot
    ):
        widget.stores.choose(root)
        give(widget, qtbot)
        blank = blank_mask_layer(session.scan.metadata, LESIONS, "By hand")
        data, arguments, _ = blank
        by_hand = session.edit(session.viewer.add_labels(data, **arguments))
        labels = by_hand.labels.copy()
        labels[3] = 1
        by_hand.apply("Draw", labels)
        give(widget, qtbot)
        versions = CaseStore(root).read("case-0001").versions
        assert [version.parent for version in versions] == [None, None]

    def test_second_time_makes_another_version_from_the_first(
        self, widget, root, editor, qtbot
    ):
        widget.stores.choose(root)
        for slices in (1, 2):
            labels = editor.labels.copy()
            labels[:slices] = 1
            editor.apply("Draw", labels)
            give(widget, qtbot)
        versions = CaseStore(root).read("case-0001").versions
        assert [version.parent for version in versions] == [None, 1]

    def test_synthetic_scan_is_refused_in_a_sentence(
        self, widget, root, session, phantom, qtbot
    ):
        source = replace(phantom.ct.source, is_synthetic=True)
        data, arguments, _ = ct_layer(replace(phantom.ct, source=source), "CT")
        session.choose_scan(session.viewer.add_image(data, **arguments))
        data, arguments, _ = mask_layer(phantom.lesions, "Infection")
        session.edit(session.viewer.add_labels(data, **arguments))
        widget.stores.choose(root)
        widget.giving.panel.button.click()
        qtbot.waitUntil(lambda: not widget.giving.panel.is_busy, timeout=LONG)
        assert "scan is synthetic" in widget.giving.panel.status.text()
        assert CaseStore(root).case_ids() == ()


class TestTheStore:
    def test_folder_of_cases_is_remembered(self, widget, store, session, qtbot):
        widget.stores.choose(store.root)
        again = LearnWidget(session)
        qtbot.addWidget(again)
        assert again.stores.store.root == store.root
        settle(again, qtbot, "1 finished case to learn from, 1 held out")

    def test_folder_with_other_files_is_refused_in_a_sentence(self, widget, tmp_path):
        (tmp_path / "letter.txt").write_text("x")
        widget.stores.choose(tmp_path)
        assert "is no case store" in widget.stock.text()
        assert widget.stores.store is None

    def test_empty_store_cannot_be_learnt_from(self, widget, root, qtbot):
        widget.stores.choose(root)
        settle(widget, qtbot, "There is no finished case to learn from yet")
        assert not widget.training.button.isEnabled()


class TestTheForm:
    def test_every_control_has_a_tooltip(self, widget):
        kinds = (QPushButton, QCheckBox, QComboBox, QAbstractSpinBox, QLineEdit)
        for kind in kinds:
            for control in widget.findChildren(kind):
                inside = isinstance(control.parent(), QAbstractSpinBox | QComboBox)
                fold = control.objectName() == "fold"
                assert inside or fold or control.toolTip(), control

    def test_promoted_model_is_the_parent_and_gives_the_name(self, widget):
        assert widget.form.parents.currentText() == DEFAULT_MODEL
        assert widget.form.name.text() == f"{DEFAULT_MODEL}-2"
        assert widget.form.settings().epochs == 10

    def test_only_what_was_changed_is_said(self, widget):
        usual = ["--name", f"{DEFAULT_MODEL}-2", "--parent", DEFAULT_MODEL]
        assert widget.form.words() == usual
        widget.form.form.control("epochs").setValue(3)
        widget.form.more.control("multi_scale").setChecked(True)
        assert widget.form.words() == [*usual, "--epochs", "3", "--multi-scale"]

    def test_half_of_the_parent_is_kept_unless_another_share_is_said(self, widget):
        share = widget.form.form.control("parent_share")
        assert share.text() == "0.5"
        share.setValue(0.25)
        assert widget.form.words()[-2:] == ["--parent-share", "0.25"]
        share.setValue(0)
        assert widget.form.words()[-2:] == ["--parent-share", "0.0"]

    def test_nothing_is_kept_where_there_is_no_parent(self, widget):
        share = widget.form.form.control("parent_share")
        share.setValue(0.25)
        widget.form.parents.setCurrentIndex(0)
        assert not share.isEnabled()
        assert widget.form.words() == ["--name", "my-model-2"]
        widget.form.choose_parent(DEFAULT_MODEL)
        assert share.isEnabled()
        assert widget.form.settings().parent_share == 0.25

    def test_values_of_the_user_stay_when_the_parent_changes(self, widget):
        widget.form.form.control("rehearsal").setValue(0.25)
        widget.form.parents.setCurrentIndex(0)
        assert widget.form.settings().epochs == 40
        assert widget.form.words() == ["--name", "my-model-2", "--rehearsal", "0.25"]

    def test_name_of_the_user_stays(self, widget):
        widget.form.name.setText("ward-3")
        widget.form.parents.setCurrentIndex(0)
        assert widget.form.name.text() == "ward-3"

    def test_wrong_device_is_told_before_anything_runs(self, widget, store, qtbot):
        widget.stores.choose(store.root)
        settle(widget, qtbot, "1 finished case")
        widget.form.form.control("device").setCurrentText("abacus")
        widget.training.button.click()
        assert not widget.training.is_busy
        assert "Device cannot be 'abacus'" in widget.training.status.text()


@pytest.fixture
def quick(widget, store, network_model, qtbot):
    """Everything set for a training of a small network."""
    widget.stores.choose(store.root)
    settle(widget, qtbot, "1 finished case")
    widget.form.refresh()
    widget.form.choose_parent("random-infnet")
    widget.form.name.setText("next")
    widget.form.form.control("epochs").setValue(2)
    widget.form.form.control("device").setCurrentText("cpu")
    widget.form.more.control("batch_size").setValue(2)
    return widget


class TestATraining:
    def test_stopped_training_goes_on_to_a_verdict(
        self, quick, session, qtbot, monkeypatch
    ):
        monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "1")
        training = quick.training
        training.button.click()
        assert training.button.text() == "Stop"
        assert not quick.form.isEnabled()
        qtbot.waitUntil(lambda: "Epoch" in training.status.text(), timeout=LONG)
        training.button.click()
        assert "or the case that is being prepared" in training.status.text()
        qtbot.waitUntil(lambda: not training.is_busy, timeout=LONG)
        assert training.status.text().startswith("Stopped. Nothing is lost")
        qtbot.waitUntil(lambda: quick.unfinished.chosen == "next", timeout=LONG)

        # Another day, another window.
        again = LearnWidget(session)
        qtbot.addWidget(again)
        qtbot.waitUntil(lambda: again.unfinished.chosen == "next", timeout=LONG)
        with qtbot.waitSignal(again.models_changed, timeout=LONG):
            again.unfinished.resume.click()
        assert "next" in {entry.card.name for entry in list_models()}
        assert again.verdict.words.text().startswith("next is ")
        table = again.verdict.table
        assert table.rowCount() == 1
        assert table.item(0, 0).text() == "case-0002"
        assert 0 <= float(table.item(0, 2).text()) <= 1
        assert again.training.loss.caption.startswith("Loss: ")
        assert again.verdict.standing.text() == f"Used by default: {promoted()}."

    def test_crash_is_a_sentence_and_the_run_can_go_on(self, quick, qtbot):
        training = quick.training
        training.button.click()
        folder = run_folder("next")
        qtbot.waitUntil((folder / "run.json").exists, timeout=LONG)
        training._process._process.kill()
        qtbot.waitUntil(lambda: not training.is_busy, timeout=LONG)
        assert "ended by signal 9" in training.status.text()
        qtbot.waitUntil(lambda: quick.unfinished.chosen == "next", timeout=LONG)
        quick.unfinished.discard.click()
        qtbot.waitUntil(lambda: not quick.unfinished.chosen, timeout=LONG)
        assert not list(folder.iterdir())


OUTCOME = {
    "model": "random-infnet",
    "promoted": False,
    "worse": True,
    "reason": "its parent old is better on the held-out cases.",
    "held_out": {
        "dice": {
            "mean_before": 0.8,
            "mean_after": 0.7,
            "difference": -0.1,
            "low": None,
            "high": None,
            "p_value": None,
            "n": 2,
        },
        "cases": [
            {
                "case_id": f"case-{number}",
                "patient": "p-0",
                "before": 0.8,
                "after": None,
                "true_ml": 12.34,
                "before_ml": 10.0,
                "after_ml": 11.0,
            }
            for number in range(2)
        ],
    },
}


class TestTheVerdict:
    def test_worse_model_is_told_in_words_and_numbers(self, widget):
        widget.verdict.show_outcome(OUTCOME)
        assert widget.verdict.words.text() == (
            "random-infnet is kept, but not used: its parent old is better on the "
            "held-out cases. Mean Dice 0.800 before, 0.700 after, difference -0.100."
        )
        table = widget.verdict.table
        cells = [table.item(0, column).text() for column in range(5)]
        assert cells == ["case-0", "0.800", "–", "12.3", "11.0"]

    def test_model_is_promoted_and_taken_back_by_hand(
        self, widget, network_model, qtbot
    ):
        verdict = widget.verdict
        assert not verdict.promote.isEnabled()
        verdict.show_outcome(OUTCOME)
        with qtbot.waitSignal(widget.models_changed, timeout=LONG):
            verdict.promote.click()
        assert promoted() == "random-infnet"
        assert verdict.standing.text() == "Used by default: random-infnet."
        assert not verdict.promote.isEnabled()
        with qtbot.waitSignal(widget.models_changed, timeout=LONG):
            verdict.rollback.click()
        assert promoted() == DEFAULT_MODEL

    def test_nothing_to_roll_back_to_is_a_sentence(self, widget, qtbot):
        verdict = widget.verdict
        verdict.rollback.click()
        qtbot.waitUntil(
            lambda: "nothing to go back to" in verdict.standing.text(), timeout=LONG
        )


class TestInAWindow:
    def test_step_fits_the_dock_and_counts_the_cases(
        self, make_napari_viewer_proxy, phantom, root, qtbot
    ):
        viewer = make_napari_viewer_proxy()
        widget = LearnWidget(Session(viewer))
        viewer.window.add_dock_widget(widget, name="Learn")
        store = CaseStore.create(root)
        contribute(store, phantom.ct, phantom.lesions, MaskStory("manual"))
        widget.stores.choose(root)
        settle(widget, qtbot, "1 finished case to learn from, none held out")
        assert widget.minimumSizeHint().width() <= 330
