from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers._layer_actions import _duplicate_layer

from covseg_core.editing.recover import read_journal
from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.registry.home import recovery_folder
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.transforms.lungs import find_lungs
from covseg_core.volume import Grid
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._screen.slices import shown_slice
from napari_covseg._session.known import OpenCase
from napari_covseg._session.session import session_of


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def session(viewer):
    session = session_of(viewer)
    yield session
    session.close(keep=False)


@pytest.fixture
def scan(session, phantom):
    return open_scan(session, phantom)


@pytest.fixture
def editor(session, scan, phantom):
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    return session.edit(session.viewer.add_labels(data, **arguments))


def open_scan(session, phantom, name="CT", shift_hu=0):
    data, arguments, _ = ct_layer(phantom.ct, name)
    layer = session.viewer.add_image(data + shift_hu, **arguments)
    session.choose_scan(layer)
    return layer


def open_second(session, phantom):
    """Open another scan on the same grid."""
    return open_scan(session, phantom, "second", shift_hu=1)


def paint(editor, value=2):
    with editor.layer.block_history():
        editor.layer.paint((10, 20, 20), value)


def test_viewer_has_one_session(viewer, session):
    assert session_of(viewer) is session


def test_scan_is_given_without_a_copy(session, scan, phantom):
    ct = session.ct()
    assert np.shares_memory(ct.hu, scan.data)
    assert ct.is_hu


def test_no_scan_is_told(session):
    with pytest.raises(InputRefusedError, match="no scan is open"):
        session.ct()


def test_same_layer_has_the_same_editor(session, editor):
    assert session.edit(editor.layer) is editor
    assert session.mask is editor


def test_layer_of_others_is_refused(session, viewer):
    layer = viewer.add_labels(np.zeros((3, 4, 5), np.uint8))
    with pytest.raises(InputRefusedError, match="its place in the patient is unknown"):
        session.edit(layer)


def test_facts_belong_to_their_scan(session, scan, viewer, phantom):
    session.set_lungs(find_lungs(phantom.ct))
    session.set_doubt((0.5,))
    data, arguments, _ = ct_layer(phantom.ct, "second")
    session.choose_scan(viewer.add_image(data, **arguments))
    assert session.lungs is None
    assert session.doubt is None
    session.choose_scan(scan)
    assert session.lungs is not None
    assert session.doubt == (0.5,)


def test_facts_can_be_given_of_a_scan_that_is_not_in_front(
    session, scan, viewer, phantom
):
    second = open_second(session, phantom)
    session.set_lungs(phantom.lungs, scan)
    session.set_doubt((0.5,), np.zeros((1, 1, 1), np.uint8), scan)
    assert (session.lungs, session.doubt, session.doubt_picture) == (None, None, None)
    session.choose_scan(scan)
    assert session.lungs is phantom.lungs
    assert session.doubt == (0.5,)
    assert session.doubt_picture.shape == (1, 1, 1)
    viewer.layers.remove(second)
    session.set_lungs(phantom.lungs, second)
    assert session.lungs_of(second) is None


def test_mask_in_hand_last_comes_back_with_its_scan(
    session, scan, editor, viewer, phantom
):
    data, arguments, _ = mask_layer(phantom.lesions, "newer")
    session.edit(viewer.add_labels(data, **arguments))
    session.edit(editor.layer)
    open_second(session, phantom)
    session.choose_scan(scan)
    assert session.mask is editor


def test_mask_comes_back_with_its_scan(session, scan, editor, viewer, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "second")
    session.choose_scan(viewer.add_image(data, **arguments))
    assert session.mask is None
    session.choose_scan(scan)
    assert session.mask is editor


def test_other_scans_and_their_masks_are_hidden(session, scan, editor, viewer, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "second")
    second = viewer.add_image(data, **arguments)
    session.choose_scan(second)
    shown = [layer for layer in viewer.layers if layer.visible]
    assert shown == [second]
    session.choose_scan(scan)
    shown = [layer for layer in viewer.layers if layer.visible]
    assert shown == [scan, editor.layer]


def test_removed_scan_leaves_none(session, scan, viewer):
    viewer.layers.remove(scan)
    assert session.scan is None


class TestActiveLayer:
    @pytest.fixture
    def other(self, session, editor, viewer, phantom):
        """A second mask, in hand."""
        data, arguments, _ = mask_layer(phantom.lesions, "other")
        return session.edit(viewer.add_labels(data, **arguments))

    def test_mask_that_is_clicked_in_the_list_is_in_hand(
        self, session, editor, other, viewer, qtbot
    ):
        with qtbot.waitSignal(session.mask_changed):
            viewer.layers.selection.active = editor.layer
        assert session.mask is editor

    def test_mask_that_napari_opened_is_in_hand_and_backed_up(
        self, session, scan, viewer, phantom, tmp_path, qtbot
    ):
        write_nifti_labels(tmp_path / "reader.nii.gz", phantom.lesions)
        with qtbot.waitSignal(session.mask_changed):
            (layer,) = viewer.open(
                str(tmp_path / "reader.nii.gz"), plugin="napari-covseg"
            )
        assert session.mask.layer is layer
        paint(session.mask)
        assert session.unsaved == (session.mask,)
        assert session.autosave_of(session.mask).path is not None

    def test_mask_that_was_active_before_its_scan_was_chosen_is_in_hand(
        self, session, viewer, phantom, qtbot
    ):
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        scan = viewer.add_image(data, **arguments)
        data, arguments, _ = mask_layer(phantom.lesions, "early")
        layer = viewer.add_labels(data, **arguments)
        qtbot.wait(20)
        with qtbot.waitSignals([session.mask_changed] * 2):
            session.choose_scan(scan)
        assert session.mask.layer is layer

    def test_who_drew_it_counts_though_napari_makes_it_active_first(
        self, session, scan, viewer, phantom, qtbot
    ):
        data, arguments, _ = mask_layer(phantom.lesions, "drawn")
        origin = MaskOrigin("model", "infnet-small")
        editor = session.edit(viewer.add_labels(data, **arguments), origin)
        qtbot.wait(20)
        assert session.mask is editor
        assert editor.origin == origin

    @pytest.mark.parametrize(
        ("is_painted", "kind"), [(False, "model"), (True, "edited")]
    )
    def test_copy_of_a_mask_was_drawn_by_whom_the_mask_was(
        self, session, scan, viewer, phantom, qtbot, is_painted, kind
    ):
        data, arguments, _ = mask_layer(phantom.lesions, "drawn")
        origin = MaskOrigin("model", "infnet-small", "abc")
        editor = session.edit(viewer.add_labels(data, **arguments), origin)
        if is_painted:
            paint(editor)
        with qtbot.waitSignal(session.mask_changed):
            _duplicate_layer(viewer.layers)
        assert session.mask.layer.name == "drawn copy"
        assert session.mask.origin == replace(origin, kind=kind)

    def test_other_layers_are_never_in_hand(
        self, session, editor, viewer, phantom, qtbot
    ):
        data, arguments, _ = mask_layer(phantom.lesions, "flat")
        for name, labels in (("flat", data[3]), ("wide", data.astype(np.int32))):
            viewer.add_labels(labels, name=name, metadata=arguments["metadata"])
        lungs, arguments, _ = mask_layer(phantom.lungs, "Lungs")
        viewer.add_labels(lungs, **arguments)
        viewer.add_labels(np.zeros_like(data), name="preview")
        for layer in reversed(viewer.layers[2:]):
            viewer.layers.selection.active = layer
            qtbot.wait(20)
            assert session.mask is editor

    def test_mask_of_another_scan_is_not_in_hand_though_it_lies_on_the_same_grid(
        self, session, editor, viewer, phantom, qtbot
    ):
        open_second(session, phantom)
        viewer.layers.selection.active = editor.layer
        qtbot.wait(20)
        assert session.mask is None

    def test_mask_of_another_scan_is_refused_though_it_lies_on_the_same_grid(
        self, session, editor, scan, phantom
    ):
        open_second(session, phantom)
        assert session.masks_here() == ()
        with pytest.raises(InputRefusedError, match="made on another scan"):
            session.edit(editor.layer)
        assert session.mask is None
        session.choose_scan(scan)
        assert session.masks_here() == (editor.layer,)
        assert session.edit(editor.layer) is editor

    def test_copy_of_a_mask_stays_with_the_scan_of_the_mask(
        self, session, editor, scan, viewer, phantom, qtbot
    ):
        open_second(session, phantom)
        viewer.layers.selection.active = editor.layer
        _duplicate_layer(viewer.layers)
        copy = viewer.layers["Infection copy"]
        viewer.layers.selection.active = copy
        qtbot.wait(20)
        assert session.masks_here() == ()
        assert session.mask is None
        with pytest.raises(InputRefusedError, match="made on another scan"):
            session.edit(copy)
        session.choose_scan(scan)
        assert session.masks_here() == (editor.layer, copy)

    def test_mask_that_grows_goes_on_growing_when_another_is_in_hand(
        self, session, editor, other, viewer, qtbot
    ):
        other.lock()
        with qtbot.waitSignal(session.mask_changed):
            viewer.layers.selection.active = editor.layer
        assert other.is_growing
        with qtbot.waitSignal(session.mask_changed):
            viewer.layers.selection.active = other.layer
        assert session.mask is other
        assert other.is_growing

    def test_copy_of_half_a_mask_is_refused(self, session, editor, viewer, qtbot):
        editor.lock()
        data, arguments, _ = editor.layer.as_layer_data_tuple()
        copy = viewer.add_labels(data.copy(), **arguments)
        qtbot.wait(20)
        assert session.mask is editor
        editor.unlock()
        with pytest.raises(InputRefusedError, match="part of it is missing"):
            session.edit(copy)

    def test_unsaved_edits_stay_with_their_mask(
        self, session, editor, other, viewer, qtbot
    ):
        paint(other)
        with qtbot.waitSignal(session.mask_changed):
            viewer.layers.selection.active = editor.layer
        assert session.unsaved == (other,)
        assert (editor.undo_title, other.undo_title) == (None, "Edit")

    def test_nothing_is_taken_in_hand_once_the_session_has_ended(
        self, session, editor, other, viewer, qtbot
    ):
        viewer.layers.selection.active = editor.layer
        session.close(keep=False)
        viewer.layers.selection.active = other.layer
        qtbot.wait(20)
        assert session.editors == ()


class TestScanOpenedAgain:
    """A scan was removed, its mask was not, and the scan was opened again."""

    @pytest.fixture
    def again(self, session, scan, editor, viewer, phantom):
        case = OpenCase(SimpleNamespace(root="cases"), "one")
        session.set_case(case)
        session.set_lungs(phantom.lungs)
        paint(editor)
        viewer.layers.remove(scan)
        return open_scan(session, phantom)

    def test_mask_is_in_hand_and_known_as_before(self, session, again, editor, phantom):
        assert session.mask is editor
        assert session.masks_here() == (editor.layer,)
        assert session.edit(editor.layer) is editor
        assert (session.case.case_id, session.lungs) == ("one", phantom.lungs)

    def test_mask_is_seen(self, viewer, again, editor, qtbot):
        assert editor.layer.visible
        qtbot.waitUntil(lambda: list(viewer.layers) == [again, editor.layer])

    def test_journal_names_the_case_and_the_scan(self, session, again, editor, phantom):
        editor.mark_saved()
        again.data = again.data + 1
        paint(editor, value=1)
        session.autosave_of(editor).flush()
        header = read_journal(session.autosave_of(editor).path).header
        assert header.case_id == "one"
        assert header.image_sha256 == hash_ct(session.ct())

    def test_mask_that_was_removed_too_is_put_back_on_it(
        self, session, viewer, again, editor
    ):
        viewer.layers.remove(editor.layer)
        viewer.layers.remove(again)
        session.put_back(editor)
        assert list(viewer.layers) == [again, editor.layer]

    def test_mask_is_in_hand_though_the_scan_was_opened_before_it_was_removed(
        self, session, scan, editor, viewer, phantom
    ):
        again = open_scan(session, phantom)
        session.set_lungs(phantom.lungs)
        assert session.mask is None
        viewer.layers.remove(scan)
        assert session.scan is again
        assert session.mask is editor
        assert session.lungs is phantom.lungs

    def test_another_scan_on_the_same_grid_gets_no_mask_of_it(
        self, session, scan, editor, viewer, phantom
    ):
        viewer.layers.remove(scan)
        open_second(session, phantom)
        assert session.mask is None
        assert not editor.layer.visible


class TestSafety:
    def test_strokes_are_on_disk_with_the_scan_they_belong_to(
        self, session, editor, phantom
    ):
        paint(editor)
        autosave = session.autosave_of(editor)
        autosave.flush()
        recovered = read_journal(autosave.path)
        np.testing.assert_array_equal(recovered.labels, editor.labels)
        np.testing.assert_array_equal(recovered.base, phantom.lesions.labels)
        assert recovered.header.image_sha256 == hash_ct(phantom.ct)

    def test_undo_is_on_disk_too(self, session, editor, phantom):
        paint(editor)
        editor.undo()
        autosave = session.autosave_of(editor)
        autosave.flush()
        np.testing.assert_array_equal(
            read_journal(autosave.path).labels, phantom.lesions.labels
        )

    def test_saving_removes_the_journal_and_the_next_stroke_begins_one(
        self, session, editor
    ):
        paint(editor)
        session.autosave_of(editor).flush()
        editor.mark_saved()
        assert not list(recovery_folder().glob("*.journal"))
        paint(editor, value=1)
        session.autosave_of(editor).flush()
        (path,) = recovery_folder().glob("*.journal")
        np.testing.assert_array_equal(read_journal(path).labels, editor.labels)

    def test_unfinished_stroke_is_on_disk_as_a_draft(self, session, editor):
        autosave = session.autosave_of(editor)
        editor.is_stroking = True
        editor.labels[4, 4, 4] = 2
        autosave._write_draft()
        autosave.flush()
        assert read_journal(autosave.path).labels[4, 4, 4] == 2
        assert editor.undo_title is None

    def test_ticked_slices_are_on_disk(self, session, editor):
        editor.tick(frozenset({2, 7}))
        autosave = session.autosave_of(editor)
        autosave.flush()
        assert read_journal(autosave.path).checked == (2, 7)

    def test_slices_that_were_unticked_do_not_come_back(self, session, editor):
        paint(editor)
        for ticked in ({3}, set()):
            editor.tick(frozenset(ticked))
        autosave = session.autosave_of(editor)
        autosave.flush()
        assert read_journal(autosave.path).checked == ()

    def test_removed_mask_with_edits_can_be_put_back(
        self, session, editor, viewer, qtbot
    ):
        paint(editor)
        painted = editor.labels.copy()
        with qtbot.waitSignal(session.mask_lost):
            viewer.layers.remove(editor.layer)
        assert session.mask is None
        session.put_back(editor)
        assert session.mask is editor
        assert editor.layer in viewer.layers
        np.testing.assert_array_equal(editor.labels, painted)
        editor.undo()
        assert (editor.labels != painted).any()

    def test_mask_that_was_hidden_is_seen_once_it_is_put_back(
        self, session, editor, viewer
    ):
        paint(editor)
        editor.layer.visible = False
        viewer.layers.remove(editor.layer)
        session.put_back(editor)
        assert editor.layer.visible

    @pytest.mark.parametrize("scan_goes", [False, True])
    def test_removed_mask_is_put_back_on_its_own_scan(
        self, session, scan, editor, viewer, phantom, scan_goes
    ):
        paint(editor)
        viewer.layers.remove(editor.layer)
        second = open_second(session, phantom)
        if scan_goes:
            viewer.layers.remove(scan)
        session.put_back(editor)
        assert session.scan is scan
        assert session.mask is editor
        shown = [layer for layer in viewer.layers if layer.visible]
        assert shown == [scan, editor.layer]
        session.choose_scan(second)
        assert session.mask is None

    def test_removed_scan_is_put_back_with_what_was_known_of_it(
        self, session, scan, editor, viewer, phantom
    ):
        case = OpenCase(SimpleNamespace(root="cases"), "one")
        session.set_case(case)
        session.set_lungs(phantom.lungs)
        paint(editor)
        viewer.layers.clear()
        assert (session.case, session.lungs) == (None, None)
        session.put_back(editor)
        assert (session.case, session.lungs) == (case, phantom.lungs)

    def test_nothing_is_known_of_a_removed_scan_once_its_masks_are_forgotten(
        self, session, scan, editor, viewer, phantom
    ):
        session.set_lungs(phantom.lungs)
        paint(editor)
        viewer.layers.clear()
        assert session.lungs_of(scan) is phantom.lungs
        session.forget(editor)
        assert session.lungs_of(scan) is None

    def test_removed_mask_without_edits_goes_quietly(
        self, session, editor, viewer, qtbot
    ):
        with qtbot.assertNotEmitted(session.mask_lost):
            viewer.layers.remove(editor.layer)
        assert session.editors == ()

    def test_closing_keeps_the_journal_of_unsaved_edits(self, session, editor):
        paint(editor)
        session.close(keep=True)
        (path,) = recovery_folder().glob("*.journal")
        np.testing.assert_array_equal(read_journal(path).labels, editor.labels)

    def test_discarding_leaves_nothing(self, session, editor):
        paint(editor)
        session.close(keep=False)
        assert not list(recovery_folder().glob("*"))

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (OSError(28, "No space left on device"), "up: no space left on device. T"),
            (MemoryError(), "up: memory ran out. T"),
            (GeometryError("the scan changed."), "up: the scan changed. T"),
            (ZeroDivisionError(), "an error that it does not know (ZeroDivisionError)"),
        ],
        ids=["disk", "memory", "known", "unknown"],
    )
    def test_refusal_is_told_once_and_the_edit_comes_through_later(
        self, session, editor, monkeypatch, qtbot, error, words
    ):
        from covseg_core.editing.journal import JournalWriter
        from napari_covseg._session import autosave

        monkeypatch.setattr(autosave, "_AGAIN_S", 0.05)
        autosave = session.autosave_of(editor)
        real, full = JournalWriter.write_change, [True]

        def write(writer, change):
            if full:
                raise error
            real(writer, change)

        monkeypatch.setattr(JournalWriter, "write_change", write)
        with qtbot.waitSignal(autosave.failed) as told:
            paint(editor)
        assert words in told.args[0]
        with qtbot.waitSignal(autosave.recovered):
            full.clear()
        autosave.flush()
        np.testing.assert_array_equal(read_journal(autosave.path).labels, editor.labels)

    def test_closing_does_not_wait_for_a_disk_that_refuses(
        self, session, editor, qtbot
    ):
        recovery_folder().parent.mkdir(parents=True, exist_ok=True)
        recovery_folder().write_text("in the place of the folder")
        autosave = session.autosave_of(editor)
        with qtbot.waitSignal(autosave.failed):
            paint(editor)
        assert not session.is_backed_up()
        end = partial(autosave._scribe.close, remove=False)
        closing = threading.Thread(target=end, daemon=True)
        closing.start()
        closing.join(10)
        assert not closing.is_alive()

    def test_scan_of_another_shape_ends_no_backup(
        self, session, editor, monkeypatch, qtbot
    ):
        monkeypatch.setattr("napari_covseg._session.autosave._AGAIN_S", 0.05)
        data = session.scan.data
        session.scan.data = data[:-1]
        autosave = session.autosave_of(editor)
        with qtbot.waitSignal(autosave.failed):
            paint(editor)
        assert not session.is_backed_up()
        with qtbot.waitSignal(autosave.recovered):
            session.scan.data = data
        assert session.is_backed_up()

    def test_journal_ends_before_an_edit_that_the_disk_refused_on_closing(
        self, session, editor, phantom, monkeypatch, qtbot
    ):
        from covseg_core.editing.journal import JournalWriter

        real = JournalWriter.write_change

        def write(writer, change):
            if change.title == "first":
                raise OSError(28, "No space left on device")
            real(writer, change)

        monkeypatch.setattr(JournalWriter, "write_change", write)
        autosave = session.autosave_of(editor)
        for title, slice_number in (("first", 1), ("second", 2)):
            after = editor.labels.copy()
            after[slice_number, :3] = 2
            with qtbot.waitSignal(
                autosave.failed, raising=title == "first", timeout=500
            ):
                editor.apply(title, after)
        path = autosave.path
        session.close(keep=True)
        np.testing.assert_array_equal(read_journal(path).labels, phantom.lesions.labels)

    def test_journal_that_a_full_disk_hindered_begins_once_there_is_room(
        self, session, editor, monkeypatch, qtbot
    ):
        from covseg_core.editing import journal
        from napari_covseg._session import autosave

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(autosave, "_AGAIN_S", 0.05)
        autosave = session.autosave_of(editor)
        with monkeypatch.context() as disk:
            disk.setattr(journal.os, "fsync", full)
            with qtbot.waitSignal(autosave.failed):
                paint(editor)
            assert not session.is_backed_up()
        qtbot.waitUntil(session.is_backed_up)
        np.testing.assert_array_equal(read_journal(autosave.path).labels, editor.labels)


def test_scan_at_another_place_is_brought_into_view(session, scan, viewer, phantom):
    grid = phantom.grid
    affine = grid.affine_lps.copy()
    affine[:3, 3] += (900.0, 900.0, 900.0)
    moved = replace(phantom.ct, grid=Grid(grid.shape, affine))
    data, arguments, _ = ct_layer(moved, "far away")
    far = viewer.add_image(data, **arguments)
    viewer.dims.set_point(0, scan.extent.world[0][0])
    session.choose_scan(far)
    assert shown_slice(viewer, far) == pytest.approx(grid.shape[0] / 2, abs=1)
    low, high = far.extent.world
    _, row, column = viewer.scene.camera.center
    assert low[1] <= row <= high[1]
    assert low[2] <= column <= high[2]


def test_slice_on_screen_stays_if_the_other_scan_has_it(session, scan, viewer, phantom):
    data, arguments, _ = ct_layer(phantom.ct, "second")
    second = viewer.add_image(data, **arguments)
    viewer.dims.set_current_step(0, 3)
    session.choose_scan(second)
    assert shown_slice(viewer, second) == 3
