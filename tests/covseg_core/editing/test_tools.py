from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.config import CopySlice, FillBetween, FillHoles, GrowOrShrink
from covseg_core.editing.tools import (
    ADDED,
    CHANGED,
    REMOVED,
    TOOLS,
    Spot,
    lesion_tool,
    propose,
)
from covseg_core.errors import UsageError

BY_TITLE = {tool.title: tool for tool in TOOLS}
SPACING = (5.0, 1.0, 1.0)
VOXEL_ML = 0.005


def spot(value=1, slice_number=1):
    """Opacity around a hole on slices 0 and 2 of four, consolidation on slice 3."""
    labels = np.zeros((4, 7, 7), np.uint8)
    labels[[0, 2], 1:6, 1:6] = 1
    labels[[0, 2], 3, 3] = 0
    labels[3, 3, 3] = 2
    return Spot(labels, SPACING, value, slice_number)


def proposed(title, settings=None, **where):
    tool = BY_TITLE[title]
    return propose(tool, spot(**where), settings or tool.settings())


def result(found, **where):
    labels = spot(**where).labels
    found.change.apply(labels)
    return labels


def test_fill_between_fills_around_the_shown_slice_or_everywhere():
    assert proposed("Fill between slices").slices == (1,)
    assert proposed("Fill between slices", slice_number=2).slices == ()
    everywhere = FillBetween(gaps="everywhere")
    assert proposed("Fill between slices", everywhere, slice_number=2).slices == (1,)


@pytest.mark.parametrize(
    ("source", "count"), [("slice below", 24), ("slice above", 24)]
)
def test_slice_is_copied_from_its_neighbour(source, count):
    found = proposed("Copy from a slice", CopySlice(source=source))
    assert np.count_nonzero(result(found)[1]) == count


def test_all_classes_are_copied_and_may_replace():
    settings = CopySlice(source="slice above", classes="all classes", replace=True)
    found = proposed("Copy from a slice", settings, slice_number=2)
    assert found.removed_ml == pytest.approx(24 * VOXEL_ML)
    assert found.added_ml == pytest.approx(VOXEL_ML)
    assert result(found)[2, 3, 3] == 2


def test_slice_below_the_lowest_is_refused():
    with pytest.raises(UsageError, match="no slice below this one"):
        proposed("Copy from a slice", slice_number=0)


def test_islands_below_the_chosen_volume_go():
    found = proposed("Remove islands", value=2)
    assert found.slices == (3,)
    assert found.removed_ml == pytest.approx(VOXEL_ML)
    assert found.added_ml == 0


def test_holes_are_filled_in_slices_or_in_3d():
    assert proposed("Fill holes").added_ml == pytest.approx(2 * VOXEL_ML)
    assert proposed("Fill holes", FillHoles(holes="in 3-D")).change is None


def test_smoothing_rounds_corners():
    found = proposed("Smooth")
    assert result(found)[0, 1, 1] == 0
    assert found.removed_ml > 0


def test_outline_grows_or_shrinks():
    grown = proposed("Grow or shrink")
    assert grown.added_ml == pytest.approx(2 * (20 + 1) * VOXEL_ML)
    shrunk = proposed("Grow or shrink", GrowOrShrink(move_outline="inwards"))
    # Of 24 pixels 8 touch neither the background outside nor the hole by a face.
    assert shrunk.removed_ml == pytest.approx(2 * 20 * VOXEL_ML)


def test_difference_tells_what_happens_to_each_voxel_of_the_box():
    settings = CopySlice(source="slice above", classes="all classes", replace=True)
    shown = spot(slice_number=0)
    shown.labels[1, 1, 1] = 2
    found = propose(BY_TITLE["Copy from a slice"], shown, settings)
    assert found.change.box == (slice(0, 1), slice(1, 6), slice(1, 6))
    assert found.difference[0, 0, 0] == CHANGED
    assert found.difference[0, 0, 1] == REMOVED
    assert found.difference[0, 2, 2] == 0
    assert found.changed_ml == pytest.approx(VOXEL_ML)
    assert ADDED not in found.difference


def test_summary_tells_volumes_and_slices_counted_from_one():
    assert proposed("Remove islands", value=2).summary == (
        "Removes 0.005 ml on slice 4."
    )
    assert proposed("Grow or shrink").summary == ("Adds 0.21 ml on 2 slices, 1 to 3.")
    settings = CopySlice(source="slice above", classes="all classes", replace=True)
    assert proposed("Copy from a slice", settings, slice_number=2).summary == (
        "Adds 0.005 ml, removes 0.12 ml on slice 3."
    )
    assert proposed("Remove islands", value=5).summary == "Nothing would change here."


@pytest.mark.parametrize(
    ("value", "title"), [(2, "Change lesion"), (0, "Erase lesion")]
)
def test_one_lesion_changes_or_goes(value, title):
    tool = lesion_tool((0, 1, 1), value, in_slice=False)
    found = propose(tool, spot(), tool.settings())
    assert found.change.title == title
    assert found.slices == (0,)
    assert result(found)[0, 5, 5] == value
    assert result(found)[2, 5, 5] == 1


def test_lesion_can_change_in_one_slice_only():
    tall = spot()
    tall.labels[1] = tall.labels[0]
    tool = lesion_tool((1, 1, 1), 2, in_slice=True)
    assert propose(tool, tall, tool.settings()).slices == (1,)


def test_edit_bears_the_name_of_the_tool():
    assert proposed("Grow or shrink").change.title == "Grow or shrink"


def test_where_nothing_changes_there_is_no_edit():
    found = proposed("Remove islands", value=5)
    assert found.change is None
    assert found.slices == ()
    assert (found.added_ml, found.removed_ml, found.changed_ml) == (0, 0, 0)


def test_tools_have_different_titles_and_a_sentence_each():
    assert len(BY_TITLE) == len(TOOLS)
    assert all(tool.help.endswith(".") for tool in TOOLS)
