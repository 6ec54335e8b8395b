from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.config import PaintLimits
from covseg_core.volume import LungMask
from napari_covseg._tools.limits import PaintGuard


@pytest.fixture
def guard(workplace):
    guard = PaintGuard(workplace.session)
    workplace.editor.limit = guard
    return guard


@pytest.fixture
def mask(workplace):
    """The mask, with a brush three voxels wide that paints opacity."""
    workplace.mask.mode = "paint"
    workplace.mask.brush_size = 3
    workplace.mask.selected_label = 1
    return workplace.mask


def paint(mask, voxel, value):
    with mask.block_history():
        mask.paint(voxel, value)


def counts(mask):
    return [int(count) for count in np.bincount(mask.data.ravel(), minlength=3)[1:]]


def test_nothing_is_held_back_unless_chosen(guard, mask):
    paint(mask, (8, 30, 78), 1)
    assert counts(mask)[1] < 200


def test_protected_class_is_not_painted_over(guard, mask):
    guard.limits = PaintLimits(protect_other_classes=True)
    paint(mask, (8, 30, 78), 1)
    assert counts(mask) == [500, 200]


def test_protected_class_is_not_erased_but_the_chosen_one_is(guard, mask):
    guard.limits = PaintLimits(protect_other_classes=True)
    mask.mode = "erase"
    paint(mask, (8, 30, 78), 0)
    paint(mask, (8, 30, 25), 0)
    opacity, consolidation = counts(mask)
    assert consolidation == 200
    assert opacity < 500


def test_polygon_is_held_within_the_densities(guard, mask, workplace, qtbot):
    hu = workplace.scan.data[8]
    guard.limits = PaintLimits(
        only_at_density=True, lowest_density=-1024, highest_density=-700
    )
    mask.mode = "polygon"
    workplace.viewer.dims.set_point(0, mask.data_to_world((8, 0, 0))[0])
    before = mask.data.copy()
    corners = [(8, 15, 10), (8, 15, 60), (8, 45, 60), (8, 45, 10)]
    with qtbot.waitSignal(workplace.editor.edited):
        mask.paint_polygon(corners, 1)
    painted = (mask.data != before)[8]
    assert painted.any()
    assert hu[painted].max() <= -700


def test_brush_stays_inside_the_lungs(guard, mask, workplace, phantom):
    lungs = np.zeros(mask.data.shape, np.uint8)
    lungs[:, :, :20] = 1
    workplace.session.set_lungs(LungMask(lungs, phantom.grid))
    guard.limits = PaintLimits(only_in_lungs=True)
    mask.data[:] = 0
    workplace.editor.commit()
    paint(mask, (8, 30, 19), 1)
    assert mask.data[8, 30, 19] == 1
    assert not mask.data[:, :, 20:].any()


def test_fill_that_runs_out_to_the_border_paints_nothing_and_is_told(
    guard, mask, qtbot
):
    mask.mode = "fill"
    with qtbot.waitSignal(guard.refused) as told:
        mask.fill((8, 0, 0), 1)
    assert counts(mask) == [500, 200]
    assert "closed outline" in told.args[0]


def test_fill_of_a_lesion_is_painted(guard, mask):
    mask.mode = "fill"
    mask.n_edit_dimensions = 3
    with mask.block_history():
        mask.fill((8, 30, 78), 1)
    assert counts(mask) == [700, 0]


def test_without_a_mask_there_is_no_limit(workplace, guard):
    workplace.viewer.layers.remove(workplace.mask)
    labels = np.zeros((1, 2, 2), np.uint8)
    assert guard(labels, labels + 1, (slice(0, 1), slice(0, 2), slice(0, 2))) is None
