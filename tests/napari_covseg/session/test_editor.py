from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager

from covseg_core.editing.change import Change
from covseg_core.io.mask_origin import MaskOrigin
from napari_covseg._convert import mask_layer
from napari_covseg._session.editor import MaskEditor

AT = (10, 20, 20)


@pytest.fixture
def layer(phantom, qapp) -> Labels:
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    layer = Labels(data, **arguments)
    layer.brush_size = 8
    layer.mode = "paint"
    return layer


@pytest.fixture
def editor(layer, qapp) -> MaskEditor:
    return MaskEditor(layer, MaskOrigin("model", "infnet-small"))


def stroke(layer, at=AT, value=2) -> None:
    """Paint as a drag of the mouse does: one undo step of napari."""
    with layer.block_history():
        layer.paint(at, value)
        layer.paint((at[0], at[1] + 3, at[2]), value)


class TestStrokes:
    def test_stroke_is_one_step_and_undo_takes_all_of_it_back(self, editor, layer):
        before = layer.data.copy()
        stroke(layer)
        painted = layer.data.copy()
        assert editor.undo_title == "Brush"
        editor.undo()
        np.testing.assert_array_equal(layer.data, before)
        assert editor.redo_title == "Brush"
        editor.redo()
        np.testing.assert_array_equal(layer.data, painted)

    def test_click_is_a_step_though_napari_tells_before_it_paints(
        self, editor, layer, qapp
    ):
        before = layer.data.copy()
        layer.paint(AT, 2)
        qapp.processEvents()
        assert editor.undo_title == "Brush"
        editor.undo()
        np.testing.assert_array_equal(layer.data, before)

    @pytest.mark.parametrize(
        ("mode", "act", "title"),
        [
            ("erase", lambda layer: layer.paint(AT, 0), "Eraser"),
            ("fill", lambda layer: layer.fill((0, 0, 0), 2), "Fill"),
            (
                "polygon",
                lambda layer: layer.paint_polygon(
                    [(10, 5, 5), (10, 5, 30), (10, 30, 5)], 1
                ),
                "Polygon",
            ),
        ],
    )
    def test_every_tool_of_napari_is_a_step_with_its_name(
        self, editor, layer, qapp, mode, act, title
    ):
        layer.data[AT[0], 15:30, 15:30] = 1
        editor.commit()
        before = layer.data.copy()
        layer.mode = mode
        act(layer)
        qapp.processEvents()
        assert (layer.data != before).any()
        assert editor.undo_title == title
        editor.undo()
        np.testing.assert_array_equal(layer.data, before)

    def test_undo_right_after_a_click_does_not_wait_for_the_window(self, editor, layer):
        before = layer.data.copy()
        layer.paint(AT, 2)
        editor.undo()
        np.testing.assert_array_equal(layer.data, before)

    def test_napari_keeps_no_history_of_its_own(self, editor, layer, qapp):
        stroke(layer)
        qapp.processEvents()
        before = layer.data.copy()
        layer.undo()
        np.testing.assert_array_equal(layer.data, before)

    def test_volumes_follow_every_step(self, editor, layer, phantom):
        assert editor.volumes_ml[1] == pytest.approx(50)
        assert editor.volumes_ml[2] == pytest.approx(20)
        stroke(layer)
        counted = np.count_nonzero(layer.data == 2) * phantom.grid.voxel_ml
        assert counted > 20.1
        assert editor.volumes_ml[2] == pytest.approx(counted)
        editor.undo()
        assert editor.volumes_ml[2] == pytest.approx(20)

    def test_voxels_written_by_someone_else_are_a_step_too(self, editor, layer):
        layer.data[0, 0, :5] = 1
        editor.commit()
        assert editor.undo_title == "Edit"
        editor.undo()
        assert not layer.data[0, 0].any()

    def test_foreign_writing_is_noticed_when_the_layer_is_drawn(
        self, editor, layer, qtbot
    ):
        layer.data[0, 0, :5] = 1
        with qtbot.waitSignal(editor.edited, timeout=5000):
            layer.refresh()
        assert editor.undo_title == "Edit"


class TestKeeping:
    def test_mask_after_the_last_edit_is_a_copy(self, editor, layer):
        assert not np.shares_memory(editor.kept, layer.data)
        np.testing.assert_array_equal(editor.kept, layer.data)

    def test_class_that_is_not_there_has_no_volume(self, layer):
        layer.data[layer.data == 2] = 0
        assert MaskEditor(layer).volumes_ml == {1: pytest.approx(50), 2: 0}


class TestReplacedData:
    def test_new_array_is_one_step_and_undo_writes_no_stale_voxels(self, editor, layer):
        stroke(layer)
        painted = layer.data.copy()
        layer.data = np.zeros_like(painted)
        editor.undo()
        np.testing.assert_array_equal(layer.data, painted)

    @pytest.mark.parametrize("kind", [np.int32, np.uint16])
    def test_other_numbers_are_put_back_with_a_word(self, editor, layer, kind):
        before = layer.data.copy()
        layer.data = np.ones(before.shape, kind)
        assert layer.data.dtype == np.uint8
        np.testing.assert_array_equal(layer.data, before)
        assert "put it back" in notification_manager.records[-1].message

    def test_another_size_is_put_back_with_a_word(self, editor, layer):
        before = layer.data.copy()
        layer.data = before[1:].copy()
        np.testing.assert_array_equal(layer.data, before)


class TestTools:
    def test_tool_is_one_step(self, editor, layer):
        before = layer.data.copy()
        smoothed = before.copy()
        smoothed[5, 5, 5] = 1
        editor.apply("Smooth", smoothed)
        np.testing.assert_array_equal(layer.data, smoothed)
        assert editor.undo_title == "Smooth"
        editor.undo()
        np.testing.assert_array_equal(layer.data, before)

    def test_tool_that_changes_nothing_is_no_step(self, editor, layer):
        assert editor.apply("Smooth", layer.data.copy()) is None
        assert editor.undo_title is None
        assert editor.is_saved

    def test_array_of_the_layer_stays_the_same_one(self, editor, layer):
        data = layer.data
        editor.apply("Clear", np.zeros_like(data))
        assert layer.data is data
        assert not data.any()

    def test_mask_of_a_model_is_not_corrected_by_the_model_itself(self, editor, layer):
        drawn = np.zeros_like(layer.data)
        change = Change.between("Outline", editor.kept, drawn)
        editor.apply_change(change, drawn, by_hand=False)
        assert editor.origin.kind == "model"
        assert editor.is_saved
        assert editor.undo_title == "Outline"

    def test_opened_mask_can_be_looked_at_after_edits(self, editor, layer):
        before = layer.data.copy()
        stroke(layer)
        editor.apply("Clear", np.zeros_like(before))
        np.testing.assert_array_equal(editor.opened_labels(), before)


class TestState:
    def test_corrected_mask_of_a_model_is_edited_and_unsaved(self, editor, layer):
        assert editor.origin.kind == "model"
        assert editor.is_saved
        stroke(layer)
        assert editor.origin == MaskOrigin("edited", "infnet-small")
        assert not editor.is_saved
        editor.mark_saved()
        assert editor.is_saved

    def test_mask_drawn_by_hand_stays_manual(self, layer):
        editor = MaskEditor(layer)
        stroke(layer)
        assert editor.origin.kind == "manual"

    def test_ticked_slices_are_unsaved_work(self, editor):
        editor.tick(frozenset({3}))
        assert editor.checked == {3}
        assert not editor.is_saved

    def test_nobody_paints_on_a_locked_mask_and_the_tool_comes_back(
        self, editor, layer
    ):
        editor.lock()
        assert editor.is_locked
        assert not layer.editable
        editor.unlock()
        assert layer.editable
        assert str(layer.mode) == "paint"

    def test_what_grows_on_a_locked_mask_is_no_edit(self, editor, layer, qtbot):
        editor.lock()
        layer.data[0] = 1
        layer.refresh()
        qtbot.wait(1300)
        assert editor.undo_title is None

    def test_half_a_mask_is_no_edit_whoever_asks(self, editor, layer):
        editor.lock()
        layer.data[0] = 1
        editor.commit()
        assert editor.undo_title is None
        assert editor.is_saved
        assert editor.origin.kind == "model"

    def test_nothing_is_undone_or_redone_while_the_mask_grows(self, editor, layer):
        stroke(layer)
        painted = layer.data.copy()
        editor.lock()
        editor.undo()
        np.testing.assert_array_equal(layer.data, painted)
        editor.unlock()
        editor.undo()
        editor.lock()
        editor.redo()
        assert editor.redo_title == "Brush"
        editor.unlock()
        editor.redo()
        np.testing.assert_array_equal(layer.data, painted)

    def test_each_lock_holds_until_its_own_end(self, editor, layer):
        editor.lock("look")
        editor.lock()
        editor.unlock("look")
        assert editor.is_growing
        assert not layer.editable
        editor.lock("look")
        editor.unlock()
        assert not editor.is_growing
        assert not layer.editable
        editor.unlock("look")
        assert str(layer.mode) == "paint"

    def test_closed_editor_lets_go_of_the_layer(self, editor, layer, qapp):
        editor.close()
        stroke(layer)
        qapp.processEvents()
        assert editor.undo_title is None


class TestLimits:
    def test_forbidden_voxels_go_back_to_what_they_were(self, editor, layer):
        before = layer.data.copy()

        def only_right_half(old, new, box):
            columns = np.arange(box[2].start, box[2].stop)
            return np.broadcast_to(columns >= AT[2], old.shape)

        editor.limit = only_right_half
        stroke(layer)
        changed = np.argwhere(layer.data != before)
        assert len(changed)
        assert changed[:, 2].min() == AT[2]

    def test_stroke_that_is_all_forbidden_is_no_step(self, editor, layer):
        before = layer.data.copy()
        editor.limit = lambda old, new, box: np.zeros(old.shape, bool)
        stroke(layer)
        np.testing.assert_array_equal(layer.data, before)
        assert editor.undo_title is None
