from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent

from covseg_core.editing.config import CopySlice, FillBetween
from covseg_core.editing.tools import COPY_FROM_SLICE, FILL_BETWEEN, TOOLS
from napari_covseg._screen.slices import show_slice
from napari_covseg.widgets._whole_tools import WholeTools


@pytest.fixture
def tools(workplace, qtbot):
    """Tools for opacity, which grow it by the width of a column."""
    tools = WholeTools(workplace.viewer, lambda: 1)
    qtbot.addWidget(tools)
    tools.follow(workplace.editor)
    tools.tools.setCurrentText("Grow or shrink")
    tools.forms["Grow or shrink"].control("by_mm").setValue(2.5)
    return tools


def wait(tools, qtbot):
    qtbot.waitUntil(lambda: not tools.is_busy)


def preview(tools, qtbot):
    tools.preview_button.click()
    wait(tools, qtbot)


# Two columns of 10 rows on each of 5 slices, 0.1 ml each.
GROWTH_ML = 10.0


def test_every_tool_can_be_chosen_and_says_what_it_does(tools):
    for number, tool in enumerate(TOOLS):
        tools.tools.setCurrentIndex(number)
        assert tools.status.text() == tool.help
        assert not tools.forms[tool.title].isHidden()
        assert sum(not form.isHidden() for form in tools.forms.values()) == 1


def test_preview_shows_what_would_change_and_changes_nothing(tools, workplace, qtbot):
    before = workplace.mask.data.copy()
    preview(tools, qtbot)
    shown = workplace.viewer.layers["Preview: Grow or shrink"]
    assert np.count_nonzero(shown.data) == 100
    assert tools.status.text() == (
        f"Adds {GROWTH_ML:g} ml on 5 slices, 7 to 11. Preview: blue added."
    )
    np.testing.assert_array_equal(workplace.mask.data, before)


def test_applying_a_preview_is_one_step_that_can_be_undone(tools, workplace, qtbot):
    before = workplace.mask.data.copy()
    preview(tools, qtbot)
    tools.apply_button.click()
    assert workplace.editor.volumes_ml[1] == pytest.approx(50 + GROWTH_ML)
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert workplace.editor.undo_title == "Grow or shrink"
    workplace.editor.undo()
    np.testing.assert_array_equal(workplace.mask.data, before)


def test_tool_can_be_applied_without_a_preview(tools, workplace, qtbot):
    tools.apply_button.click()
    wait(tools, qtbot)
    assert workplace.editor.volumes_ml[1] == pytest.approx(50 + GROWTH_ML)
    assert tools.status.text().startswith("Done: adds 10 ml")


def test_what_was_chosen_since_the_preview_is_applied(tools, workplace, qtbot):
    preview(tools, qtbot)
    tools.forms["Grow or shrink"].control("move_outline").setCurrentText("inwards")
    tools.apply_button.click()
    wait(tools, qtbot)
    assert workplace.editor.volumes_ml[1] == pytest.approx(50 - GROWTH_ML)


def test_cancelled_preview_leaves_no_trace(tools, workplace, qtbot):
    assert not tools.cancel_button.isEnabled()
    preview(tools, qtbot)
    tools.cancel_button.click()
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert workplace.editor.undo_title is None
    assert not tools.cancel_button.isEnabled()


def test_painting_ends_a_preview(tools, workplace, qtbot):
    preview(tools, qtbot)
    with workplace.mask.block_history():
        workplace.mask.paint((2, 5, 5), 1)
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert tools.status.text() == ""


def test_edit_while_a_tool_runs_is_not_taken_back(tools, workplace, qtbot):
    tools.apply_button.click()
    workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))
    wait(tools, qtbot)
    assert not workplace.mask.data.any()
    assert workplace.editor.undo_title == "Erase"
    assert tools.status.text() == "Stopped; nothing was changed."


@pytest.mark.parametrize("is_previewed", [False, True])
def test_stroke_that_is_not_done_yet_is_not_swallowed(
    tools, workplace, qtbot, is_previewed
):
    before = workplace.mask.data.copy()
    workplace.mask.mode = "erase"
    (tools.preview_button if is_previewed else tools.apply_button).click()
    with workplace.mask.block_history():
        workplace.mask.paint((8, 30, 25), 0)
        wait(tools, qtbot)
        if is_previewed:
            tools.apply_button.click()
        assert tools.status.text() == "Stopped; nothing was changed."
        workplace.mask.paint((8, 31, 25), 0)
    assert workplace.editor.undo_title == "Eraser"
    workplace.editor.undo()
    assert workplace.editor.undo_title is None
    np.testing.assert_array_equal(workplace.mask.data, before)


def test_mask_that_a_run_took_meanwhile_is_left_alone(tools, workplace, qtbot):
    before = workplace.mask.data.copy()
    tools.apply_button.click()
    workplace.editor.lock()
    wait(tools, qtbot)
    np.testing.assert_array_equal(workplace.mask.data, before)
    assert tools.status.text() == "Stopped; nothing was changed."


def test_where_nothing_would_change_there_is_no_preview(tools, workplace, qtbot):
    tools.tools.setCurrentText("Remove islands")
    preview(tools, qtbot)
    assert tools.status.text() == "Nothing would change here."
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)


def test_tool_that_can_do_nothing_says_why(tools, workplace, qtbot):
    show_slice(workplace.viewer, workplace.mask, 0)
    tools.tools.setCurrentText("Copy from a slice")
    preview(tools, qtbot)
    assert "has no slice below this one" in tools.status.text()
    assert tools.status.objectName() == "warning"


def test_tool_that_a_key_runs_is_told_elsewhere(tools, workplace, qtbot):
    told = []
    tools.said.connect(lambda sentence, warning: told.append((sentence, warning)))
    show_slice(workplace.viewer, workplace.mask, 11)
    tools.run_now(COPY_FROM_SLICE, CopySlice())
    wait(tools, qtbot)
    assert told[-1] == ("Done: adds 10 ml on slice 12.", False)
    show_slice(workplace.viewer, workplace.mask, 0)
    tools.run_now(COPY_FROM_SLICE, CopySlice())
    wait(tools, qtbot)
    assert told[-1] == ("The scan ends here: it has no slice below this one.", True)


def test_slices_that_were_checked_are_told(tools, workplace, qtbot):
    workplace.editor.tick(frozenset({6, 7, 19}))
    preview(tools, qtbot)
    assert "Marked as checked of these: 2." in tools.status.text()


def test_locked_mask_is_left_alone(tools, workplace):
    workplace.editor.lock()
    tools.apply_button.click()
    assert not tools.is_busy
    assert tools.status.text() == "Wait until the outline is done."


def test_mask_that_is_seen_as_opened_is_left_alone(tools, workplace):
    workplace.editor.lock("look")
    tools.preview_button.click()
    assert not tools.is_busy
    assert "as it was opened" in tools.status.text()


@pytest.mark.parametrize(
    ("tool", "settings"),
    [(COPY_FROM_SLICE, CopySlice()), (FILL_BETWEEN, FillBetween())],
)
def test_tool_for_one_slice_needs_to_see_it(tools, workplace, tool, settings):
    told = []
    tools.said.connect(lambda sentence, warning: told.append(sentence))
    workplace.viewer.dims.order = (1, 0, 2)
    tools.run_now(tool, settings)
    assert not tools.is_busy
    assert "show axial slices first" in told[-1]


def test_mask_that_goes_while_a_tool_runs_stops_the_tool(tools, workplace, qtbot):
    tools.preview_button.click()
    workplace.viewer.layers.remove(workplace.mask)
    tools.follow(None)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    wait(tools, qtbot)
    assert tools.status.text() == "Stopped; nothing was changed."


def test_another_mask_ends_the_preview(tools, workplace, qtbot):
    preview(tools, qtbot)
    tools.follow(None)
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert not tools.apply_button.isEnabled()


def test_every_control_has_a_tooltip(tools):
    buttons = (tools.preview_button, tools.apply_button, tools.cancel_button)
    assert all(control.toolTip() for control in (tools.tools, *buttons))
