from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from covseg_core.cases.store import CaseStore
from covseg_core.volume import CTVolume, Grid
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._screen.remembered import remember, remembered
from napari_covseg._session.presence import Presence
from napari_covseg._session.session import Session
from napari_covseg._worklist.open_case import CaseWish
from napari_covseg.widgets.worklist import WorklistStep

LONG = 180_000


@pytest.fixture
def store(tmp_path, phantom):
    """Four cases: two masks of a sure and an unsure model, one by hand, one done."""
    made = CaseStore.create(tmp_path / "cases")
    for number, name in enumerate(("a", "b", "c", "d")):
        ct = replace(phantom.ct, hu=phantom.ct.hu + number)
        made.add_case(ct, case_id=name, lungs=phantom.lungs, collection="clinic")
    for name, confidence in (("a", 0.9), ("b", 0.61)):
        made.add_mask(
            name, phantom.lesions, source="model", model="m", confidence=confidence
        )
    for name in ("c", "d"):
        made.add_mask(name, phantom.lesions, source="manual")
    made.set_state("d", "done")
    return made


@pytest.fixture
def session(qapp) -> Session:
    return Session(ViewerModel())


@pytest.fixture
def empty(session, qtbot) -> WorklistStep:
    """The step before any store was opened."""
    step = WorklistStep(session)
    qtbot.addWidget(step)
    yield step
    step.prefetch.forget()


@pytest.fixture
def step(empty, store, qtbot) -> WorklistStep:
    empty.open_store(store.root)
    rest(empty, qtbot)
    return empty


@pytest.fixture
def opened(step, qtbot) -> WorklistStep:
    """The case b, of which the model was least sure, is open."""
    step.filters.order.setCurrentText("Least certain")
    step.next.click()
    rest(step, qtbot)
    return step


def rest(step, qtbot):
    qtbot.waitUntil(
        lambda: not step.waiting.is_busy and not step.desk.waiting.is_busy,
        timeout=LONG,
    )


def paint(session):
    """Correct one voxel, as a tool does."""
    labels = session.mask.labels.copy()
    labels[0, 0, 0] = 1
    session.mask.apply("Brush", labels)


def add(session, made):
    """Add a layer, as a file that is opened does."""
    data, arguments, kind = made
    return getattr(session.viewer, f"add_{kind}")(data, **arguments)


def save(step, qtbot):
    step.desk.panel.save.click()
    rest(step, qtbot)


class TestTheStore:
    def test_without_one_the_step_says_what_to_do(self, empty):
        assert "Open a case store" in empty.reason.text()
        assert not empty.next.isEnabled()
        assert not empty.desk.panel.isEnabled()

    def test_folder_is_chosen_and_remembered(
        self, empty, store, qtbot, monkeypatch, session
    ):
        monkeypatch.setattr(
            QFileDialog, "getExistingDirectory", lambda *_: str(store.root)
        )
        empty.store_bar.open.click()
        rest(empty, qtbot)
        assert empty.store_bar.name.text() == "cases"
        assert remembered("cases/store") == str(store.root)
        again = WorklistStep(session)
        qtbot.addWidget(again)
        rest(again, qtbot)
        assert again.table.case_ids == ("a", "b", "c", "d")

    def test_empty_folder_becomes_a_store(self, empty, tmp_path, qtbot, monkeypatch):
        folder = tmp_path / "new"
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        empty.store_bar.make.click()
        rest(empty, qtbot)
        assert CaseStore(folder).list_cases() == ()
        assert empty.done.text() == "0 of 0 done"

    def test_folder_that_is_no_store_is_refused_in_a_sentence(
        self, empty, tmp_path, qtbot
    ):
        empty.open_store(tmp_path)
        rest(empty, qtbot)
        assert "is no case store" in empty.waiting.words.text()
        assert remembered("cases/store") == ""

    def test_a_folder_that_is_gone_is_forgotten(self, session, tmp_path, qtbot):
        remember("cases/store", str(tmp_path / "gone"))
        step = WorklistStep(session)
        qtbot.addWidget(step)
        assert not step.waiting.is_busy


class TestTheList:
    def test_a_row_tells_state_mask_and_confidence(self, step):
        assert step.table.case_ids == ("a", "b", "c", "d")
        words = step.table.words(1)
        assert words[:4] == ("b", "new", "1 model", "0.61")
        assert step.done.text() == "1 of 4 done"
        assert step.progress.value() == 1

    def test_every_state_has_a_dot(self, step):
        model = step.table.model()
        dot = model.data(model.index(3, 1), Qt.ItemDataRole.DecorationRole)
        assert not dot.isNull()

    def test_filters_leave_out_cases_and_next_follows(self, step):
        step.filters.state.setCurrentText("Done")
        assert step.table.case_ids == ("d",)
        assert step.done.text() == "1 of 4 done; 1 shown"
        assert step.next_case is None
        assert step.reason.text() == "No other case is open."
        step.filters.state.setCurrentIndex(0)
        step.filters.mask.setCurrentText("Without a mask")
        assert step.table.case_ids == ()
        step.filters.mask.setCurrentIndex(0)
        step.filters.collection.setCurrentText("clinic")
        assert len(step.table.case_ids) == 4

    def test_order_changes_list_and_next(self, step):
        assert step.next_case.case_id == "a"
        step.filters.order.setCurrentText("Least certain")
        assert step.table.case_ids == ("b", "a", "c", "d")
        assert step.reason.text() == (
            "Next is b: least certain of 3 open cases (confidence 0.61)."
        )

    def test_skipped_case_comes_last(self, step):
        step.filters.order.setCurrentText("Least certain")
        chosen = []
        for _ in range(3):
            chosen.append(step.next_case.case_id)
            step.skip.click()
        assert chosen == ["b", "a", "c"]
        assert step.next_case.case_id == "b"
        assert "skipped before" in step.reason.text()

    def test_every_control_has_a_tooltip(self, step):
        panel = step.desk.panel
        controls = (
            step.next,
            step.skip,
            step.table,
            step.store_bar.open,
            step.store_bar.make,
            step.filters.order,
            step.filters.mine,
            panel.save,
            panel.comment,
            panel.note,
            panel.role,
            panel.versions.open,
            panel.versions.compare,
            *panel.states.values(),
        )
        assert all(control.toolTip() for control in controls)


class TestOpening:
    def test_next_shows_scan_mask_and_lungs(self, opened, session, store, phantom):
        assert (session.case.case_id, session.mask.parent_version) == ("b", 1)
        np.testing.assert_array_equal(session.mask.labels, phantom.lesions.labels)
        assert session.mask.origin.model == "m"
        assert session.lungs is not None
        assert session.mask.is_saved
        assert opened.desk.panel.title.text().startswith("b (")
        assert opened.table.chosen == "b"

    def test_enter_opens_the_selected_case(self, step, session, qtbot):
        step.table.choose("c")
        qtbot.keyClick(step.table, Qt.Key.Key_Return)
        rest(step, qtbot)
        assert session.case.case_id == "c"

    def test_next_case_is_read_ahead_and_then_opens(self, opened, session, qtbot):
        assert opened.prefetch.wish.case_id == "a"
        qtbot.waitUntil(lambda: opened.prefetch.is_ready, timeout=LONG)
        opened.next.click()
        rest(opened, qtbot)
        assert session.case.case_id == "a"
        assert opened.prefetch.wish.case_id != "a"

    def test_another_order_reads_another_case_ahead(self, opened):
        opened.filters.order.setCurrentText("By name")
        assert opened.prefetch.wish.case_id == "c"

    def test_a_damaged_case_ahead_is_a_sentence_on_the_list(self, step, store, qtbot):
        path = store.root / "b" / "ct.nii.gz"
        path.write_bytes(b"cut")
        step.next.click()
        rest(step, qtbot)
        qtbot.waitUntil(lambda: bool(step.ahead.text()), timeout=LONG)
        assert step.ahead.text().startswith("b could not be read ahead: ")
        assert "was changed" in step.ahead.text()

    def test_layers_of_the_case_before_go(self, opened, session, qtbot):
        before = set(session.viewer.layers)
        opened.next.click()
        rest(opened, qtbot)
        assert not before & set(session.viewer.layers)
        assert len(session.viewer.layers) == 2


class TestUnsavedCorrections:
    @pytest.fixture
    def asked(self, opened, session, qtbot):
        """A correction, and the wish for the next case."""
        paint(session)
        opened.next.click()
        qtbot.waitUntil(lambda: opened.desk.question is not None)
        return opened

    def test_are_asked_about_and_stay(self, asked, session, qtbot):
        asked.desk.question.stay.click()
        rest(asked, qtbot)
        assert session.case.case_id == "b"
        assert not session.mask.is_saved

    def test_stay_when_the_question_is_closed(self, asked, session, qtbot):
        asked.desk.question.reject()
        rest(asked, qtbot)
        assert session.case.case_id == "b"

    def test_are_saved_before_the_next_case_opens(self, asked, session, store, qtbot):
        asked.desk.question.save.click()
        qtbot.waitUntil(lambda: asked.desk.case_id == "a", timeout=LONG)
        assert [v.source for v in store.read("b").versions] == ["model", "edited"]

    def test_are_dropped_when_the_reader_says_so(self, asked, session, store, qtbot):
        lost = []
        session.mask_lost.connect(lost.append)
        asked.desk.question.discard.click()
        qtbot.waitUntil(lambda: asked.desk.case_id == "a", timeout=LONG)
        assert len(store.read("b").versions) == 1
        assert lost == []


class TestScanThatWasRemoved:
    """The scan of the case is gone, its mask with a correction is still there."""

    @pytest.fixture
    def asked(self, opened, session, store, qtbot):
        paint(session)
        session.viewer.layers.remove(session.scan)
        opened.desk.open(store, CaseWish(store.root, "a"))
        assert opened.desk.question.isVisible()
        yield opened
        rest(opened, qtbot)

    def test_comes_back_with_the_question(self, asked, session):
        asked.desk.question.stay.click()
        assert session.case.case_id == "b"
        assert session.scan in session.viewer.layers
        assert session.unsaved == (session.mask,)

    def test_its_mask_is_saved_before_the_next_case_opens(
        self, asked, session, store, qtbot
    ):
        asked.desk.question.save.click()
        qtbot.waitUntil(lambda: asked.desk.case_id == "a", timeout=LONG)
        assert store.mask("b", 2).labels[0, 0, 0] == 1
        assert len(session.viewer.layers) == 2

    def test_its_mask_goes_when_the_reader_says_so(self, asked, session, store, qtbot):
        asked.desk.question.discard.click()
        rest(asked, qtbot)
        assert session.case.case_id == "a"
        assert len(store.read("b").versions) == 1
        assert len(session.viewer.layers) == 2

    def test_its_mask_is_asked_about_though_the_scan_was_opened_again(
        self, opened, session, store, phantom, qtbot
    ):
        paint(session)
        session.viewer.layers.remove(session.scan)
        again = replace(phantom.ct, hu=phantom.ct.hu + 1)
        session.choose_scan(add(session, ct_layer(again, "from a file")))
        opened.next.click()
        opened.desk.question.save.click()
        qtbot.waitUntil(lambda: opened.desk.case_id == "a", timeout=LONG)
        assert store.mask("b", 2).labels[0, 0, 0] == 1


class TestCorrectionsMadeMeanwhile:
    """Strokes while the next case is read, as reading may take a while."""

    @pytest.fixture
    def read(self, opened, session, qtbot):
        """The next case is read, and the one in front was painted on meanwhile."""
        opened.next.click()
        session.mask.layer.data[0, 0, 0] = 1
        rest(opened, qtbot)
        return opened

    def test_are_asked_about_before_the_layers_go(self, read, session):
        assert read.desk.question.isVisible()
        assert session.case.case_id == "b"
        assert session.mask.undo_title is not None

    def test_stay(self, read, session, qtbot):
        read.desk.question.stay.click()
        rest(read, qtbot)
        assert session.case.case_id == "b"
        assert not session.mask.is_saved
        assert session.autosave_of(session.mask).path is not None

    def test_are_saved_and_the_case_that_was_read_opens(
        self, read, session, store, qtbot
    ):
        read.desk.question.save.click()
        rest(read, qtbot)
        assert session.case.case_id == "a"
        assert store.mask("b", 2).labels[0, 0, 0] == 1

    def test_are_dropped_when_the_reader_says_so(self, read, session, store):
        lost = []
        session.mask_lost.connect(lost.append)
        read.desk.question.discard.click()
        assert session.case.case_id == "a"
        assert len(store.read("b").versions) == 1
        assert lost == []

    def test_are_asked_about_though_earlier_ones_were_given_up(
        self, opened, session, qtbot
    ):
        paint(session)
        opened.next.click()
        opened.desk.question.discard.click()
        session.mask.layer.data[1, 0, 0] = 1
        rest(opened, qtbot)
        assert session.case.case_id == "b"
        assert opened.desk.question.isVisible()

    def test_are_written_while_the_mask_is_saved(self, opened, session, store, qtbot):
        paint(session)
        opened.next.click()
        opened.desk.question.save.click()
        session.mask.layer.data[1, 0, 0] = 1
        qtbot.waitUntil(lambda: opened.desk.case_id == "a", timeout=LONG)
        newest = store.read("b").newest()
        assert store.mask("b", newest.number).labels[:2, 0, 0].tolist() == [1, 1]

    def test_given_up_ones_are_still_there_if_nothing_opens(
        self, opened, session, store, qtbot
    ):
        opened.prefetch.forget()
        (store.root / "a" / "ct.nii.gz").write_bytes(b"cut")
        paint(session)
        opened.next.click()
        opened.desk.question.discard.click()
        rest(opened, qtbot)
        assert session.case.case_id == "b"
        assert not session.mask.is_saved
        opened.next.click()
        assert opened.desk.question.isVisible()


class TestSeveralMasks:
    @pytest.fixture
    def two(self, opened, session, qtbot):
        """Version 2 was painted on and put away; version 1 is in front."""
        paint(session)
        save(opened, qtbot)
        second = session.mask
        session.mask.layer.data[1, 0, 0] = 1
        opened.desk.panel.versions.choose(1)
        opened.desk.panel.versions.open.click()
        rest(opened, qtbot)
        assert session.mask is not second
        return opened

    def test_strokes_on_a_mask_that_was_put_away_are_saved(
        self, two, session, store, qtbot
    ):
        two.next.click()
        two.desk.question.save.click()
        qtbot.waitUntil(lambda: two.desk.case_id == "a", timeout=LONG)
        versions = store.read("b").versions
        assert [(v.number, v.parent) for v in versions[1:]] == [(2, 1), (3, 2)]
        assert store.mask("b", 3).labels[:2, 0, 0].tolist() == [1, 1]

    def test_every_mask_becomes_a_version_and_the_one_in_front_the_newest(
        self, two, session, store, qtbot
    ):
        session.mask.layer.data[2, 0, 0] = 1
        two.next.click()
        two.desk.question.save.click()
        qtbot.waitUntil(lambda: two.desk.case_id == "a", timeout=LONG)
        assert store.mask("b", 3).labels[:3, 0, 0].tolist() == [1, 1, 0]
        assert store.mask("b", 4).labels[:3, 0, 0].tolist() == [0, 0, 1]
        assert store.read("b").version(4).parent == 1

    def test_another_scan_on_the_same_grid_and_its_mask_stay(
        self, opened, session, store, phantom, qtbot
    ):
        paint(session)
        scan = add(session, ct_layer(phantom.ct, "CT"))
        session.choose_scan(scan)
        mask = session.edit(add(session, mask_layer(phantom.lesions, "Other")))
        paint(session)
        opened.desk.open(store, CaseWish(store.root, "a"))
        opened.desk.question.save.click()
        qtbot.waitUntil(lambda: opened.desk.case_id == "a", timeout=LONG)
        assert len(store.read("b").versions) == 2
        assert list(session.viewer.layers)[:2] == [scan, mask.layer]
        assert mask in session.unsaved


class TestAnotherScan:
    @pytest.fixture
    def other(self, opened, session, phantom):
        """A scan of another size, behind the case."""
        short = CTVolume(
            phantom.ct.hu[:-2].copy(),
            Grid((18, *phantom.grid.shape[1:]), phantom.grid.affine_lps),
        )
        return add(session, ct_layer(short, "Other"))

    def test_that_was_chosen_while_the_mask_was_saved_stays_in_front(
        self, opened, session, other, qtbot
    ):
        paint(session)
        saved = session.mask
        opened.desk.panel.save.click()
        session.choose_scan(other)
        rest(opened, qtbot)
        assert session.scan is other
        assert session.mask is None
        assert not opened.desk.panel.isEnabled()
        assert (saved.parent_version, saved.layer.name) == (2, "b mask 2")
        assert saved.is_saved

    def test_that_is_in_front_makes_way_for_the_question(
        self, opened, session, other, store, qtbot
    ):
        paint(session)
        session.choose_scan(other)
        opened.desk.open(store, CaseWish(store.root, "a"))
        assert session.case.case_id == "b"
        opened.desk.question.save.click()
        qtbot.waitUntil(lambda: opened.desk.case_id == "a", timeout=LONG)
        assert len(store.read("b").versions) == 2

    def test_mask_that_went_while_it_was_saved_is_left_alone(
        self, opened, session, store, qtbot
    ):
        paint(session)
        opened.desk.panel.save.click()
        session.viewer.layers.remove(session.mask.layer)
        rest(opened, qtbot)
        assert session.mask is None
        assert len(store.read("b").versions) == 2


class TestWhileAMaskIsOutlined:
    @pytest.fixture
    def growing(self, opened, session):
        """A run writes to the mask of the case in front."""
        paint(session)
        session.mask.lock()
        session.mask.labels[3] = 1
        return opened

    def test_no_version_is_saved(self, growing, session, store, qtbot):
        save(growing, qtbot)
        told = growing.desk.waiting.words.text()
        assert told == "Wait until the outline is done."
        assert len(store.read("b").versions) == 1

    def test_a_version_can_be_saved_after_it(self, growing, session, store, qtbot):
        np.copyto(session.mask.labels, session.mask.kept)
        session.mask.unlock()
        save(growing, qtbot)
        assert not store.mask("b", 2).labels[3].any()

    def test_the_case_stays_if_its_mask_shall_be_saved_first(
        self, growing, session, store, qtbot
    ):
        growing.next.click()
        growing.desk.question.save.click()
        rest(growing, qtbot)
        assert session.case.case_id == "b"
        assert len(store.read("b").versions) == 1

    def test_a_comparison_with_the_opened_mask_is_no_outline(
        self, opened, session, store, qtbot
    ):
        paint(session)
        session.mask.lock("look")
        save(opened, qtbot)
        assert store.mask("b", 2).labels[0, 0, 0] == 1


class TestSaving:
    def test_correction_of_a_model_is_an_edited_version(
        self, opened, session, store, qtbot, monkeypatch
    ):
        monkeypatch.setattr(Presence, "seconds", 12.34)
        panel = opened.desk.panel
        panel.role.setCurrentText("radiologist")
        panel.note.setText("apex")
        paint(session)
        save(opened, qtbot)
        version = store.read("b").version(2)
        assert (version.source, version.parent, version.model) == ("edited", 1, "m")
        assert (version.role, version.note) == ("radiologist", "apex")
        assert version.confidence is None
        assert version.seconds_spent == 12.3
        assert store.mask("b", 2).labels[0, 0, 0] == 1
        assert opened.desk.waiting.words.text() == "Saved as mask 2 (edited)."
        assert session.mask.is_saved
        assert session.mask.parent_version == 2
        assert panel.note.text() == ""
        assert opened.table.words(opened.table.case_ids.index("b"))[2] == "2 edited"

    def test_untouched_mask_of_a_model_stays_a_models(self, opened, store, qtbot):
        save(opened, qtbot)
        version = store.read("b").version(2)
        assert (version.source, version.confidence) == ("model", 0.61)

    def test_next_version_is_made_from_the_last_one(
        self, opened, session, store, qtbot
    ):
        paint(session)
        save(opened, qtbot)
        session.mask.undo()
        save(opened, qtbot)
        version = store.read("b").version(3)
        assert (version.source, version.parent) == ("edited", 2)

    def test_mask_drawn_by_hand_is_manual(self, opened, session, store, qtbot):
        from covseg_core.labels import INFECTION
        from napari_covseg._convert import blank_mask_layer

        data, arguments, _ = blank_mask_layer(session.scan.metadata, INFECTION, "mine")
        session.edit(session.viewer.add_labels(data, **arguments))
        paint(session)
        save(opened, qtbot)
        version = store.read("b").version(2)
        assert (version.source, version.parent) == ("manual", None)
        assert version.label_set == "infection"

    def test_new_case_is_in_progress_once_a_mask_is_saved(self, opened, store, qtbot):
        save(opened, qtbot)
        assert store.read("b").state == "in progress"
        assert opened.desk.panel.states["in progress"].isChecked()

    def test_someone_elses_version_is_kept_and_told(
        self, opened, session, store, phantom, qtbot
    ):
        store.add_mask("b", phantom.lesions, source="edited", parent=1, role="other")
        paint(session)
        save(opened, qtbot)
        assert [v.number for v in store.read("b").versions] == [1, 2, 3]
        assert store.read("b").version(3).beside == (2,)
        assert "Kept beside mask 2" in opened.desk.waiting.words.text()

    def test_without_a_case_nothing_is_saved_and_the_reason_is_told(
        self, opened, session
    ):
        paint(session)
        session.set_case(None)
        opened.desk.save()
        assert "No case is in front" in opened.desk.waiting.words.text()

    def test_a_case_that_is_gone_is_told_and_nothing_is_lost(
        self, opened, session, store, qtbot
    ):
        paint(session)
        (store.root / "b" / "case.json").unlink()
        save(opened, qtbot)
        assert "there is no case 'b'" in opened.desk.waiting.words.text().lower()
        assert not session.mask.is_saved


class TestStates:
    def test_done_is_written_and_counted(self, opened, store, qtbot):
        opened.desk.panel.states["done"].click()
        rest(opened, qtbot)
        assert store.read("b").state == "done"
        assert opened.done.text() == "2 of 4 done"

    def test_done_with_unsaved_corrections_is_told(self, opened, session, qtbot):
        paint(session)
        opened.desk.panel.states["done"].click()
        rest(opened, qtbot)
        assert "corrections that are not saved" in opened.desk.waiting.words.text()

    def test_flag_and_comment_are_written(self, opened, store, qtbot):
        panel = opened.desk.panel
        panel.comment.setText("look at the apex")
        panel.comment.editingFinished.emit()
        rest(opened, qtbot)
        panel.states["flagged"].click()
        rest(opened, qtbot)
        record = store.read("b")
        assert (record.state, record.comment) == ("flagged", "look at the apex")

    def test_mine_are_the_cases_of_my_role(self, opened, session, qtbot):
        opened.desk.panel.role.setCurrentText("resident")
        save(opened, qtbot)
        opened.filters.mine.setChecked(True)
        assert opened.table.case_ids == ("b",)


class TestVersions:
    @pytest.fixture
    def two(self, opened, session, qtbot):
        """A second version, with one voxel more."""
        paint(session)
        save(opened, qtbot)
        return opened.desk.panel.versions

    def test_each_is_listed_with_its_volume(self, two, qtbot):
        table = two.table
        assert [table.item(row, 0).text() for row in (0, 1)] == ["2 edited", "1 model"]
        qtbot.waitUntil(lambda: table.item(0, 3).text() == "70.1", timeout=LONG)
        qtbot.waitUntil(lambda: table.item(1, 3).text() == "70.0", timeout=LONG)

    def test_older_one_is_opened_beside_the_newer(
        self, two, opened, session, store, qtbot
    ):
        two.choose(1)
        two.open.click()
        rest(opened, qtbot)
        assert session.mask.parent_version == 1
        assert session.mask.labels[0, 0, 0] == 0
        save(opened, qtbot)
        assert store.read("b").version(3).parent == 1

    def test_changes_are_shown_and_go_with_a_second_click(
        self, two, opened, session, qtbot
    ):
        two.choose(1)
        two.compare.click()
        rest(opened, qtbot)
        marks = session.viewer.layers["Changes since mask 1"]
        assert marks.data.sum() == marks.data[0, 0, 0] == 1
        assert not marks.editable
        assert session.viewer.layers.selection.active is session.mask.layer
        two.compare.click()
        rest(opened, qtbot)
        assert "Changes since mask 1" not in session.viewer.layers


class TestInAWindow:
    def test_two_cases_are_read_one_after_the_other(
        self, make_napari_viewer_proxy, store, qtbot
    ):
        viewer = make_napari_viewer_proxy()
        session = Session(viewer)
        step = WorklistStep(session)
        viewer.window.add_dock_widget(step, name="Worklist")
        step.open_store(store.root)
        rest(step, qtbot)
        for name in ("a", "b"):
            step.next.click()
            rest(step, qtbot)
            assert session.case.case_id == name
            paint(session)
            save(step, qtbot)
        assert [store.read(one).newest().source for one in "ab"] == ["edited"] * 2
        step.prefetch.forget()
