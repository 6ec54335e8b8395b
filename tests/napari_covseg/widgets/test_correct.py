from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from app_model.types import KeyBinding
from qtpy.QtCore import Qt
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._screen.slices import show_slice, shown_slice
from napari_covseg._session.session import Session
from napari_covseg.widgets.correct import CorrectStep


@pytest.fixture
def step(workplace, qtbot):
    step = CorrectStep(workplace.session)
    qtbot.addWidget(step)
    show_slice(workplace.viewer, workplace.mask, 8)
    return step


@pytest.fixture
def press(workplace, step, qtbot):
    """Press a key of the mask, and wait for what it started."""

    def press(key):
        workplace.mask.keymap[KeyBinding.from_str(key)](workplace.mask)
        qtbot.waitUntil(lambda: not step.whole.is_busy)

    return press


def test_without_a_mask_the_step_says_how_to_get_one(step, workplace):
    assert step.no_mask.isHidden()
    workplace.viewer.layers.remove(workplace.mask)
    assert not step.no_mask.isHidden()
    assert "Segment" in step.no_mask.text()


def test_mask_is_made_active_so_that_its_keys_work(step, workplace):
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_key_serves_the_mask_that_was_clicked_just_before(
    step, workplace, phantom, press
):
    data, arguments, _ = mask_layer(phantom.lesions, "second")
    second = workplace.session.edit(workplace.viewer.add_labels(data, **arguments))
    second.apply("Erase", np.zeros_like(second.labels))
    workplace.viewer.layers.selection.active = workplace.mask
    press("Ctrl+Z")
    assert not second.labels.any()
    assert workplace.session.mask is workplace.editor
    assert (workplace.editor.limit, second.limit) == (step.limits.guard, None)


def test_key_of_a_mask_of_another_scan_does_nothing(step, workplace, phantom, press):
    workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))
    data, arguments, _ = ct_layer(phantom.ct, "second")
    workplace.session.choose_scan(workplace.viewer.add_image(data, **arguments))
    workplace.viewer.layers.selection.active = workplace.mask
    press("Ctrl+Z")
    assert not workplace.mask.data.any()


def test_tool_that_is_taken_works_on_the_mask_and_not_on_the_scan(step, workplace):
    workplace.viewer.layers.selection.active = workplace.scan
    step.hand.buttons["brush"].click()
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_each_mask_has_its_own_undo_and_the_keys_follow(
    step, workplace, phantom, press
):
    workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))
    data, arguments, _ = mask_layer(phantom.lesions, "second")
    second = workplace.viewer.add_labels(data, **arguments)
    workplace.session.edit(second)
    assert not step.undo.undo_button.isEnabled()
    workplace.session.edit(workplace.mask)
    press("Ctrl+Z")
    assert workplace.mask.data.any()


@pytest.mark.parametrize(
    ("key", "mode"),
    [("B", "paint"), ("E", "erase"), ("P", "polygon"), ("F", "fill"), ("I", "pick")],
)
def test_keys_take_the_tools(press, workplace, key, mode):
    press(key)
    assert str(workplace.mask.mode) == mode
    press("M")
    assert str(workplace.mask.mode) == "pan_zoom"


def test_keys_choose_class_brush_and_view(step, press, workplace):
    press("2")
    press("D")
    size = step.hand.size.value()
    press("]")
    assert workplace.mask.selected_label == 2
    assert workplace.mask.n_edit_dimensions == 3
    assert step.hand.size.value() == size + 5
    press("[")
    press("O")
    press("T")
    assert step.hand.size.value() == size
    assert workplace.mask.contour == 1
    assert not workplace.mask.visible
    press("T")
    assert workplace.mask.visible


def test_keys_lead_through_the_slices(press, workplace):
    press("C")
    press("N")
    press("C")
    assert workplace.editor.checked == {8, 9}
    workplace.session.set_doubt((0.1, 0.9, *(None,) * 18))
    press("U")
    assert shown_slice(workplace.viewer, workplace.mask) == 1


def test_key_fills_the_gap_around_the_slice(press, workplace):
    whole = workplace.mask.data.copy()
    gap = whole.copy()
    gap[8][gap[8] == 1] = 0
    workplace.editor.apply("Erase", gap)
    press("G")
    np.testing.assert_array_equal(workplace.mask.data, whole)
    assert workplace.editor.undo_title == "Fill between slices"


@pytest.mark.parametrize(("key", "number"), [("Shift+Up", 11), ("Shift+Down", 5)])
def test_keys_copy_from_the_slice_below_and_above(press, workplace, key, number):
    show_slice(workplace.viewer, workplace.mask, number)
    press(key)
    assert np.count_nonzero(workplace.mask.data[number] == 1) == 100


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("R", [0, 700]),
        ("Shift+R", [400, 300]),
        ("X", [0, 200]),
        ("Shift+X", [400, 200]),
    ],
)
def test_keys_change_or_erase_the_lesion_under_the_pointer(press, workplace, key, left):
    workplace.viewer.cursor.position = workplace.mask.data_to_world((8, 30, 25))
    press("2")
    press(key)
    counts = np.bincount(workplace.mask.data.ravel(), minlength=3)
    assert counts[1:].tolist() == left


@pytest.mark.parametrize(
    ("button", "number"), [("below_button", 11), ("above_button", 5)]
)
def test_buttons_copy_from_the_slice_below_and_above(
    step, workplace, qtbot, button, number
):
    show_slice(workplace.viewer, workplace.mask, number)
    getattr(step.between, button).click()
    qtbot.waitUntil(lambda: not step.whole.is_busy)
    assert np.count_nonzero(workplace.mask.data[number] == 1) == 100
    assert step.note.text() == f"Done: adds 10 ml on slice {number + 1}."


def test_key_where_there_is_no_lesion_says_so(step, workplace, press):
    workplace.viewer.cursor.position = workplace.mask.data_to_world((8, 0, 0))
    press("X")
    assert "not marked" in step.note.text()
    assert step.note.objectName() == "warning"
    assert workplace.editor.undo_title is None


def test_strokes_obey_the_limits_and_a_refused_fill_is_told(step, workplace, press):
    step.limits.form.control("protect_other_classes").click()
    press("B")
    with workplace.mask.block_history():
        workplace.mask.paint((8, 30, 78), 1)
    assert workplace.editor.volumes_ml == pytest.approx({1: 50, 2: 20})
    press("F")
    with workplace.mask.block_history():
        workplace.mask.fill((8, 0, 0), 1)
    assert workplace.editor.volumes_ml == pytest.approx({1: 50, 2: 20})
    assert "ran out" in step.note.text()


def test_every_control_has_a_tooltip(step):
    kinds = (QAbstractButton, QComboBox, QSlider, QAbstractSpinBox)
    controls = [each for kind in kinds for each in step.findChildren(kind)]
    assert len(controls) > 30
    assert [each.text() for each in controls if not each.toolTip()] == []


def test_step_fits_into_a_narrow_dock(step):
    assert step.minimumSizeHint().width() <= 310


class TestInAWindow:
    @pytest.fixture
    def window(self, make_napari_viewer_proxy, phantom, qtbot):
        viewer = make_napari_viewer_proxy(show=True)
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        scan = viewer.add_image(data, **arguments)
        data, arguments, _ = mask_layer(phantom.lesions, "Infection")
        mask = viewer.add_labels(data, **arguments)
        session = Session(viewer)
        session.choose_scan(scan)
        step = CorrectStep(session)
        viewer.window.add_dock_widget(step, name="CovSeg")
        editor = session.edit(mask)
        show_slice(viewer, mask, 8)
        yield SimpleNamespace(viewer=viewer, mask=mask, step=step, editor=editor)
        session.close(keep=False)

    @pytest.fixture
    def canvas(self, window):
        canvas = window.step.window().findChild(QOpenGLWidget)
        canvas.setFocus()
        return canvas

    def test_keys_of_the_picture_reach_the_tools(self, window, canvas, qtbot):
        qtbot.keyClick(canvas, Qt.Key.Key_2)
        qtbot.keyClick(canvas, Qt.Key.Key_E)
        qtbot.keyClick(canvas, Qt.Key.Key_C)
        assert window.mask.selected_label == 2
        assert str(window.mask.mode) == "erase"
        assert window.editor.checked == {8}
        before = window.mask.data.copy()
        qtbot.keyClick(canvas, Qt.Key.Key_R)
        window.editor.apply("Erase", np.zeros_like(before))
        qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        np.testing.assert_array_equal(window.mask.data, before)
        qtbot.keyClick(canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
        assert not window.mask.data.any()
        assert window.viewer.dims.ndisplay == 2

    def test_clicked_button_leaves_the_keyboard_to_the_picture(
        self, window, canvas, qtbot
    ):
        window.step.hand.buttons["brush"].click()
        assert not window.step.hand.buttons["brush"].hasFocus()
        qtbot.keyClick(canvas, Qt.Key.Key_E)
        assert window.step.hand.buttons["eraser"].isChecked()
