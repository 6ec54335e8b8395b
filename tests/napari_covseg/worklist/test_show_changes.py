from __future__ import annotations

import numpy as np
import pytest

from napari_covseg._worklist.show_changes import ChangesLayer

NAME = "Changes since mask 1"


@pytest.fixture
def changes(workplace):
    changes = ChangesLayer(workplace.session)
    changes.show(np.zeros_like(workplace.mask.data), 1)
    return changes


def test_changes_lie_on_the_mask_which_stays_in_hand(workplace, changes):
    layer = workplace.viewer.layers[NAME]
    np.testing.assert_array_equal(layer.scale, workplace.mask.scale)
    np.testing.assert_array_equal(layer.translate, workplace.mask.translate)
    assert workplace.viewer.layers.selection.active is workplace.mask


def test_changes_go_with_the_mask_that_they_are_of(workplace, changes, qtbot):
    workplace.viewer.layers.remove(workplace.mask)
    changes.show(np.zeros_like(workplace.mask.data), 1)
    qtbot.waitUntil(lambda: workplace.viewer.layers[:] == [workplace.scan])


def test_changes_can_be_removed_together_with_their_scan(workplace, changes):
    workplace.session.scan_changed.connect(changes.remove)
    # As napari does with layers that are selected: each one must be there.
    for layer in list(workplace.viewer.layers):
        workplace.viewer.layers.remove(layer)
