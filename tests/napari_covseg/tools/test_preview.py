from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.tools import ADDED, CHANGED, REMOVED
from napari_covseg._tools.preview import Preview, hatched, legend

BOX = (slice(2, 4), slice(5, 8), slice(6, 10))


@pytest.fixture
def preview(workplace):
    return Preview(workplace.viewer)


def show(preview, workplace):
    picture = hatched(np.full((2, 3, 4), ADDED, np.uint8))
    preview.show(picture, BOX, workplace.mask, "Smooth")
    return workplace.viewer.layers["Preview: Smooth"]


def test_hatching_has_two_shades_of_each_kind_and_hides_nothing():
    difference = np.array([[[ADDED] * 4 + [0] + [REMOVED] * 4 + [CHANGED] * 4]])
    picture = hatched(difference.astype(np.uint8))
    np.testing.assert_array_equal(picture > 0, difference > 0)
    assert set(np.unique(picture)) == {0, 1, 2, 3, 4, 5, 6}


def test_legend_names_the_colours_that_are_there():
    difference = np.array([[[ADDED, 0, CHANGED]]], np.uint8)
    assert legend(difference) == "blue added, pink changed"


def test_preview_lies_where_the_mask_would_change(workplace, preview):
    layer = show(preview, workplace)
    np.testing.assert_allclose(
        layer.data_to_world((0, 0, 0)), workplace.mask.data_to_world((2, 5, 6))
    )
    np.testing.assert_array_equal(layer.scale, workplace.mask.scale)


def test_preview_cannot_be_painted_and_the_mask_stays_active(workplace, preview):
    layer = show(preview, workplace)
    assert not layer.editable
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_colours_differ_from_each_other_and_are_seen(workplace, preview):
    layer = show(preview, workplace)
    colours = {tuple(layer.get_color(value)) for value in range(1, 7)}
    assert len(colours) == 6
    assert all(colour[3] > 0.3 for colour in colours)


def test_there_is_one_preview_at_a_time_and_none_when_cleared(
    workplace, preview, qtbot
):
    show(preview, workplace)
    show(preview, workplace)
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 3)
    assert preview.is_shown
    preview.clear()
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert not preview.is_shown


def test_preview_that_the_user_removed_is_not_missed(workplace, preview):
    workplace.viewer.layers.remove(show(preview, workplace))
    assert not preview.is_shown
    preview.clear()
    assert len(workplace.viewer.layers) == 2


def test_preview_that_is_cleared_while_layers_go_is_still_there(workplace, preview):
    layer = show(preview, workplace)
    workplace.viewer.layers.events.removed.connect(lambda event: preview.clear())
    workplace.viewer.layers.remove(workplace.mask)
    workplace.viewer.layers.remove(layer)
